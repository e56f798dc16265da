// The contract, loaded from the same files as the C# side.
'use strict';
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const definition = loader.loadSync('grpc/testing/test.proto', {
  includeDirs: [process.env.INTEROP_PROTOS ?? path.join(__dirname, '../../protos')],
  keepCase: true,
  defaults: true,
});

const ECHO_INITIAL = 'x-grpc-test-echo-initial';
const ECHO_TRAILING = 'x-grpc-test-echo-trailing-bin';

module.exports = { grpc, testing: grpc.loadPackageDefinition(definition).grpc.testing, ECHO_INITIAL, ECHO_TRAILING, zeros: (size) => ({ body: Buffer.alloc(size) }) };
