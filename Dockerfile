# Two images from one file: docker build --target console . and docker build --target collector .
# Build and run time are of one distribution: a native file needs at least the C library that it was linked with.
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
# The collector is compiled to one native file.
RUN apt-get update && apt-get install -y --no-install-recommends clang zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The console is compiled ahead of time, as the tests do: it listens sooner and takes less memory.
RUN dotnet publish src/ConntrackConsole -c Release -p:PublishReadyToRun=true -o /out/console \
 && dotnet publish src/ConntrackConsole.Collector -c Release -o /out/collector \
 && mkdir /out/data

# Chiseled: no shell and no package manager. "extra" has the time zones in which pages show times.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled-extra AS console
WORKDIR /app
COPY --from=build /out/console .
# The database and the keys of the sign-in cookies: mount a volume here to keep them.
COPY --from=build --chown=1654:1654 /out/data /data
VOLUME /data
ENV Storage__DataDirectory=/data \
    Storage__ConnectionString="Data Source=/data/console.db" \
    ASPNETCORE_URLS=http://+:5080
EXPOSE 5080
USER $APP_UID
ENTRYPOINT ["./conntrack-console"]

# Runs in the host's network namespace as uid 0 with CAP_NET_ADMIN (conntrack), CAP_NET_RAW (resets as packets) and, for resets
# by tracepoints, the host's /sys/kernel/tracing mounted. Nothing else of the image is written to than the state directory.
# Not from scratch: https to a console needs OpenSSL and the certificates of authorities.
FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled AS collector
WORKDIR /app
COPY --from=build /out/collector/conntrack-collector .
VOLUME /var/lib/conntrack-collector
USER 0:0
ENTRYPOINT ["./conntrack-collector"]
CMD ["--help"]
