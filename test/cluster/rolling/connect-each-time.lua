-- One transaction on a connection of its own, as pgbench -C does it: sysbench 1.0 crashes when a
-- connection that it keeps is ended by the server.

sysbench.cmdline.options = {
   table_size = {"Rows of sbtest1", 10000}
}

local driver

function thread_init()
   driver = sysbench.sql.driver()
end

function event()
   local connection = driver:connect()
   local id = sysbench.rand.uniform(1, sysbench.opt.table_size)
   connection:query("BEGIN")
   connection:query("SELECT c FROM sbtest1 WHERE id = " .. id)
   connection:query("UPDATE sbtest1 SET k = k + 1 WHERE id = " .. id)
   connection:query("COMMIT")
   connection:disconnect()
end
