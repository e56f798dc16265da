# Go: the official interop programs of the source package, against Debian's library. Their messages are generated anew, since Debian's
# protobuf runtime for this version of gRPC is older than the generated code in the source.
. "$ROOT/peers/common.sh"
packages golang-go golang-google-grpc-dev protobuf-compiler
source_package golang-google-grpc
go="$WORK/build/go"
lib="$go/src/google.golang.org/grpc"
mkdir -p "$OUT" "$go/src/google.golang.org"
rm -rf "$lib"
cp -r /usr/share/gocode/src/google.golang.org/grpc "$lib"
cp -r "$WORK/src/golang-google-grpc/interop" "$lib/"
rm -f "$lib"/interop/grpc_testing/*.pb.go
export GO111MODULE=off GOPATH="$go:/usr/share/gocode" GOCACHE="$WORK/build/gocache" GOFLAGS=
go build -o "$go/protoc-gen-go" github.com/golang/protobuf/protoc-gen-go
(cd "$lib/interop/grpc_testing" && PATH="$go:$PATH" protoc -I. --go_out=plugins=grpc,paths=source_relative:. test.proto)
for name in client server http2; do
    go build -o "$OUT/interop_$name" "google.golang.org/grpc/interop/$name"
done
program server <<EOF
exec "$OUT/interop_server" -port="\$1"
EOF
program client <<EOF
case "\$2" in
rst_after_header|rst_after_data|rst_during_data|goaway|ping|max_streams) exec "$OUT/interop_http2" -server_host=localhost -server_port="\$1" -test_case="\$2" ;;
*) exec "$OUT/interop_client" -server_host=localhost -server_port="\$1" -test_case="\$2" ;;
esac
EOF
cases $COMMON rst_after_header rst_after_data rst_during_data goaway ping max_streams
version "Go gRPC $(debian_version golang-google-grpc-dev), official interop programs"
