# Postal DNSBL Monitor: the job in a container.
#
#     make image
#     make image BASE=debian@sha256:…
#
# It runs as any user, needs no capability, and writes to no file: a read-only
# root will do. Configuration comes from the environment: dnsbl-monitor(1).

# Pin it by its digest, and nobody changes it under you; the packages are the newest of its release.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS builder
WORKDIR /src
COPY tests/support/packages tests/support/
RUN tests/support/packages build
COPY Makefile ./
COPY common common
COPY tools tools
COPY pipelines pipelines
RUN make -j"$(nproc)" all \
    && make install-exec DESTDIR=/installed \
    && find /installed/usr/local/bin -type f ! -name dnsbl-monitor -exec strip --strip-unneeded {} +

FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Postal DNSBL Monitor" \
      org.opencontainers.image.description="Throttles the sending addresses that DNS blocklists list, restores them, and keeps their tickets" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# bash, which the job is written in, is in every Debian; ca-certificates is for
# Jira's and PostgreSQL's TLS, curl for the Pushgateway.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates curl libcurl4 libevent-core-2.1-7 libjansson4 libpq5 libseccomp2 libunbound8 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/cache/ldconfig/* /var/log/*.log /var/log/apt
COPY --from=builder /installed/usr/local/bin/ /usr/local/bin/
USER 1000:1000
WORKDIR /
ENTRYPOINT ["/usr/local/bin/dnsbl-monitor"]
