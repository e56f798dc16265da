#!/bin/sh
# Builds the official C++ side of the benchmark against Debian's libraries; installs them if they are not there.
# usage: build.sh FOLDER; leaves FOLDER/bench. Exit code 1 and the reason where that cannot be done.
set -eu
here="$(cd "$(dirname "$0")/.." && pwd)"
mkdir -p "$1"
WORK="$(cd "$1" && pwd)"
ROOT="$here/../Interop"
OUT="$WORK"
export WORK ROOT OUT
. "$ROOT/peers/common.sh"
[ "$WORK/bench" -nt "$here/Cpp/bench.cc" ] && [ "$WORK/bench" -nt "$here/bench.proto" ] && [ "$WORK/bench" -nt "$here/Cpp/build.sh" ] && exit 0
packages g++ libgrpc++-dev libabsl-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc nghttp2-client
mkdir -p "$WORK/gen"
protoc -I"$here" --cpp_out="$WORK/gen" --grpc_out="$WORK/gen" --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" bench.proto
g++ -std=c++17 -O2 -DNDEBUG -w -I"$WORK/gen" -o "$WORK/bench.new" "$here/Cpp/bench.cc" "$WORK/gen/bench.pb.cc" "$WORK/gen/bench.grpc.pb.cc" -lgrpc++ -lgrpc -lgpr -lprotobuf -labsl_synchronization -lpthread
mv "$WORK/bench.new" "$WORK/bench"
version "C++ gRPC $(debian_version libgrpc++-dev)"
