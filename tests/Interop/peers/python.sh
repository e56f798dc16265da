# Python: the official interop programs of the source package, against Debian's library. The messages are generated here.
# By its full path: another Python in the way does not see what Debian's packages install.
. "$ROOT/peers/common.sh"
packages python3 python3-grpcio python3-protobuf python3-google-auth python3-requests protobuf-compiler protobuf-compiler-grpc
source_package grpc
build="$WORK/build/python"
mkdir -p "$build/src/proto/grpc/testing"
cp -r "$WORK/src/grpc/src/python/grpcio_tests/tests" "$build/"
: >"$build/tests/__init__.py" # the original loads what only the unit tests need
for name in empty messages test; do
    protoc -I"$WORK/src/grpc" -I/usr/include --python_out="$build" --grpc_out="$build" --plugin=protoc-gen-grpc="$(command -v grpc_python_plugin)" "src/proto/grpc/testing/$name.proto"
done
program server <<EOF
cd "$build" && exec /usr/bin/python3 -m tests.interop.server --port="\$1"
EOF
program client <<EOF
cd "$build" && exec /usr/bin/python3 -m tests.interop.client --server_host=localhost --server_port="\$1" --test_case="\$2"
EOF
(cd "$build" && /usr/bin/python3 -c "import tests.interop.server, tests.interop.client")
cases $COMMON
version "Python gRPC $(debian_version python3-grpcio), official interop programs"
