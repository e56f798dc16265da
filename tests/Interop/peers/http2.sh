# The official server of broken HTTP/2 streams (test/http2_test of the source package). It is written for Python 2 and an older h2; the few
# places where that matters are changed in the copy.
. "$ROOT/peers/common.sh"
packages python3 python3-twisted python3-h2 python3-protobuf protobuf-compiler
source_package grpc
build="$WORK/build/http2"
rm -rf "$build"
cp -r "$WORK/src/grpc/test/http2_test" "$build"
# Generated for this machine's protobuf; the copy in the source is for an older one.
protoc -I"$WORK/src/grpc/src/proto/grpc/testing" --python_out="$build" messages.proto
sed -i -E "s/H2Connection\(client_side=False\)/H2Connection(h2.config.H2Configuration(client_side=False))/; s/^import h2\$/import h2, h2.config/; s/PingAcknowledged\b/PingAckReceived/g; s/([A-Za-z_.]+)\.has_key\(([^)]*)\)/(\2 in \1)/g; s/= ''\$/= b''/; s,response_len / 2,response_len // 2,;
    s/for stream_id in self\._send_remaining:/for stream_id in [each for each, left in self._send_remaining.items() if left > 0]:/" "$build"/*.py
# A client may end its request with an empty frame, as HTTP/2 allows; this server would answer the same request twice.
sed -i -E "s/if sr:/if sr and event.stream_id not in self._base_server._send_remaining:/" "$build"/test_max_streams.py
program server <<EOF
cd "$build" && exec /usr/bin/python3 http2_test_server.py --base_port="\$1"
EOF
version "the official server of broken streams (test/http2_test of the source package grpc)"
