# A static binary in an empty image. Build with: docker build -t syncd .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /syncd ./cmd/syncd && mkdir /state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /syncd /syncd
COPY --from=build --chown=10001:10001 /state /state
USER 10001:10001
ENV SYNCD_STATE_DIR=/state
VOLUME /state
ENTRYPOINT ["/syncd"]
CMD ["run"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/syncd", "health"]
