# Node: the official @grpc/grpc-js from npm. Its interop programs are not in the package, so the cases are written in peers/node.
. "$ROOT/peers/common.sh"
command -v npm >/dev/null 2>&1 || packages nodejs npm
build="$WORK/build/node"
mkdir -p "$build"
cp "$ROOT"/peers/node/*.js* "$build/"
(cd "$build" && npm install --no-audit --no-fund --no-package-lock --loglevel=error)
program server <<EOF
INTEROP_PROTOS="$ROOT/protos" exec node "$build/server.js" "\$1"
EOF
program client <<EOF
INTEROP_PROTOS="$ROOT/protos" exec node "$build/client.js" "\$1" "\$2"
EOF
cases $COMMON large_metadata unary_deadline half_close half_duplex slow_consumer rpc_soak
version "Node $(node --version), @grpc/grpc-js $(node -p "require('$build/node_modules/@grpc/grpc-js/package.json').version"), cases written here"
