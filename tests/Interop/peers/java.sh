# Java: Debian's libgrpc-java. Its own interop programs need libraries that Debian lacks (census, alts), so the cases are written in peers/java.
. "$ROOT/peers/common.sh"
packages default-jdk-headless libgrpc-java libnetty-java libperfmark-java libguava-java libprotobuf-java protobuf-compiler protobuf-compiler-grpc-java-plugin libgeronimo-annotation-1.3-spec-java
build="$WORK/build/java"
rm -rf "$build"
mkdir -p "$build/gen" "$build/classes" "$build/protos/grpc/testing"
# Files of their own per message, without touching the contract.
for name in empty messages test; do
    { cat "$ROOT/protos/grpc/testing/$name.proto"; echo 'option java_multiple_files = true;'; echo 'option java_package = "grpc.testing";'; } >"$build/protos/grpc/testing/$name.proto"
done
protoc -I"$build/protos" --java_out="$build/gen" --grpc_out="$build/gen" --plugin=protoc-gen-grpc="$(command -v grpc_java_plugin || command -v protoc-gen-grpc-java)" grpc/testing/empty.proto grpc/testing/messages.proto grpc/testing/test.proto
path="$build/classes"
for jar in grpc-api grpc-context grpc-core grpc-netty grpc-protobuf grpc-protobuf-lite grpc-stub protobuf guava failureaccess gson perfmark-api annotations-api \
    netty-all netty-buffer netty-codec netty-codec-http netty-codec-http2 netty-common netty-handler netty-resolver netty-transport netty-transport-native-unix-common \
    geronimo-annotation-1.3-spec jsr305 error_prone_annotations; do
    [ ! -f "/usr/share/java/$jar.jar" ] || path="$path:/usr/share/java/$jar.jar"
done
find "$build/gen" "$ROOT/peers/java" -name '*.java' >"$build/sources"
javac -nowarn -d "$build/classes" -cp "$path" @"$build/sources"
program server <<EOF
exec java -Xshare:auto -XX:TieredStopAtLevel=1 -cp "$path" InteropServer "\$1"
EOF
program client <<EOF
exec java -Xshare:auto -XX:TieredStopAtLevel=1 -cp "$path" InteropClient "\$1" "\$2"
EOF
cases $COMMON $COMPRESSED large_metadata unary_deadline half_close half_duplex slow_consumer rpc_soak
version "Java $(java -version 2>&1 | head -1 | cut -d'"' -f2), gRPC $(debian_version libgrpc-java), cases written here"
