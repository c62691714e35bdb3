# Freshet in a container: docker build --tag freshet .
#
# docker run -e UPSTREAM_DB_URL=postgres://user:password@host:5432/database \
#   -e LISTEN_ADDRESS=0.0.0.0:5433 -p 5433:5433 -v freshet:/data --read-only --tmpfs /tmp freshet
#
# `freshet server` and `freshet adapter` are the image with `server` and `adapter` as arguments.

ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY . .
# Of the workspaces only what the command needs; test databases stay away.
RUN npm ci --no-audit --no-fund --workspace @freshet/cli --include-workspace-root
RUN npm run build
RUN node packages/cli/scripts/stage-runtime.ts /app

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Freshet" \
      org.opencontainers.image.description="A cache in front of Postgres and MySQL whose answers follow the database" \
      org.opencontainers.image.licenses="Apache-2.0"
# Written to: the local copy of tables, here; and /tmp. All else may be read-only.
RUN install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=build /app /app
COPY LICENSE /app/LICENSE
ENV NODE_ENV=production \
    STORAGE_DIR=/data \
    METRICS_ADDRESS=0.0.0.0:6034
USER 10001:10001
WORKDIR /data
VOLUME /data
# Clients of Postgres and MySQL, probes and metrics, adapters of a server.
EXPOSE 5433 3307 6034 6035 6036
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "/app/healthcheck.js"]
# Node itself is process 1 and gets the signals; nothing stands between.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/main.js"]
CMD []
