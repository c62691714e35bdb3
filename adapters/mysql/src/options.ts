import type { Adapter, AdapterOptions } from "@freshet/adapter-core";

export type MysqlAdapterOptions = AdapterOptions;

export type MysqlAdapter = Adapter;
