# Ruby: Debian's package holds the official interop programs.
. "$ROOT/peers/common.sh"
packages ruby ruby-grpc ruby-google-protobuf ruby-googleauth
test="$(dpkg -L ruby-grpc | grep '/src/ruby/pb/test/client.rb$')"
test="$(dirname "$test")"
program server <<EOF
exec ruby "$test/server.rb" --port "\$1"
EOF
program client <<EOF
exec ruby "$test/client.rb" --server_host localhost --server_port "\$1" --test_case "\$2"
EOF
# special_status_message is the one common case that this client lacks.
cases $(echo $COMMON | sed 's/special_status_message//') client_compressed_unary client_compressed_streaming
version "Ruby gRPC $(debian_version ruby-grpc), official interop programs"
