# The same source gives the same bytes wherever it is built: no paths, no time,
# no version control in the binary.
FROM golang:1.26 AS build
WORKDIR /src
# Dependencies first: they change less often than the source.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" -o /sidecar ./cmd/sidecar

# Nothing but the program and its configuration: no shell, no libraries, and no
# certificates, since nothing here speaks TLS to anyone who needs them.
FROM scratch
COPY --from=build /sidecar /sidecar
COPY config.toml /etc/sidecar/config.toml
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s CMD ["/sidecar", "ready", "-config", "/etc/sidecar/config.toml"]
ENTRYPOINT ["/sidecar"]
CMD ["run", "-config", "/etc/sidecar/config.toml"]
