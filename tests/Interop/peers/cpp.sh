# C++: the official interop programs of the source package, against Debian's libraries. Their test library is not packaged, so the few files
# of it that they need are compiled beside them.
. "$ROOT/peers/common.sh"
packages g++ pkg-config libgrpc++-dev libgrpc-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc libabsl-dev
source_package grpc
src="$WORK/src/grpc"
build="$WORK/build/cpp"
mkdir -p "$build/gen" "$OUT"
protos="empty messages test"
for name in $protos; do
    protoc -I"$src" -I/usr/include --cpp_out="$build/gen" --grpc_out="$build/gen" --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" "src/proto/grpc/testing/$name.proto" --proto_path="$src"
done
compile() {
    object="$build/$(basename "$1" .cc).o"
    [ "$object" -nt "$1" ] || g++ -std=c++17 -O1 -w -I"$build/gen" -I"$src" -I"$src/third_party/upb" -I"$src/src/core/ext/upb-generated" -c "$1" -o "$object.new"
    [ ! -f "$object.new" ] || mv "$object.new" "$object"
}
shared="$ROOT/peers/cpp/shim.cc"
for name in empty.pb messages.pb test.pb test.grpc.pb; do shared="$shared $build/gen/src/proto/grpc/testing/$name.cc"; done
for name in cpp/util/create_test_channel cpp/util/test_credentials_provider cpp/util/test_config_cc core/util/test_config core/util/build core/util/histogram \
    core/end2end/data/client_certs core/end2end/data/server1_cert core/end2end/data/server1_key core/end2end/data/test_root_cert; do
    shared="$shared $src/test/$name.cc"
done
client="$src/test/core/security/oauth2_utils.cc"
for name in client client_helper interop_client; do client="$client $src/test/cpp/interop/$name.cc"; done
server=""
for name in interop_server interop_server_bootstrap server_helper; do server="$server $src/test/cpp/interop/$name.cc"; done
for file in $shared $client $server; do
    compile "$file"
done
link() {
    target="$1"
    shift
    objects=""
    for file in "$@"; do objects="$objects $build/$(basename "$file" .cc).o"; done
    # shellcheck disable=SC2086,SC2046 # lists on purpose
    g++ -o "$target" $objects -lgrpc++ -lgrpc -lgpr -lprotobuf $(pkg-config --libs absl_flags_parse absl_flags absl_failure_signal_handler absl_str_format absl_strings absl_status) -lpthread
}
# shellcheck disable=SC2086
link "$OUT/interop_client" $shared $client
# shellcheck disable=SC2086
link "$OUT/interop_server" $shared $server
program server <<EOF
exec "$OUT/interop_server" --port="\$1"
EOF
program client <<EOF
exec "$OUT/interop_client" --server_host=localhost --server_port="\$1" --test_case="\$2" --soak_iterations=200 --soak_per_iteration_max_acceptable_latency_ms=5000 --soak_overall_timeout_seconds=30 --soak_min_time_ms_between_rpcs=10
EOF
cases $COMMON $COMPRESSED half_duplex slow_consumer rpc_soak channel_soak
version "C++ gRPC $(debian_version libgrpc++-dev), official interop programs"
