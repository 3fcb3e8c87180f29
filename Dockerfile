# Two stages: the first compiles, the second carries only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
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
RUN mkdir -p /data && chown node:node /data
USER node
ENV TALKWIRE_DATABASE=/data/talkwire.db
VOLUME /data
EXPOSE 8080/tcp 40000-40199/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: SIGTERM must reach the service, which drains its calls.
CMD ["node", "dist/cli.js", "start"]
