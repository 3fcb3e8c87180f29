# Two stages: the first compiles, the second carries only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.examples.json ./
COPY src ./src
COPY examples ./examples
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY assets ./assets
COPY web ./web
COPY examples ./examples
RUN mkdir -p /data && chown 1000:1000 /data
# The user `node` of the base image, by number so that a cluster can see that it is not root.
USER 1000:1000
ENV TALKWIRE_DATABASE=/data/talkwire.db
VOLUME /data
# Media needs no port here: the bridge sends first, and the answers come back the same way (docs/operating.md).
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.TALKWIRE_PORT || 8080) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: SIGTERM must reach the service, which drains its calls.
CMD ["node", "dist/cli.js", "start"]
