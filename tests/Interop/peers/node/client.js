// The client side of the cases. Usage: client.js PORT CASE
'use strict';
const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { grpc, testing, ECHO_INITIAL, ECHO_TRAILING, zeros } = require('./contract');

const target = `localhost:${process.argv[2]}`;
const client = new testing.TestService(target, grpc.credentials.createInsecure());
const REQUESTS = [27182, 8, 1828, 45904];
const RESPONSES = [31415, 9, 2653, 58979];
const LARGE = { response_size: 314159, payload: zeros(271828) };

const ask = (size, ...responses) => ({ payload: zeros(size), response_parameters: responses.map((each) => ({ size: each })) });

// A unary call as a promise of its three parts.
function unary(method, request, metadata = new grpc.Metadata(), options = {}) {
  return new Promise((resolve) => {
    let headers;
    let result;
    const call = client[method](request, metadata, options, (error, response) => { result = { error, response }; });
    call.on('metadata', (received) => { headers = received; });
    call.on('status', (status) => resolve({ ...result, headers, status }));
  });
}

// Everything a stream of responses brings.
function collect(call, onData = () => {}) {
  return new Promise((resolve) => {
    const seen = [];
    let headers;
    call.on('metadata', (received) => { headers = received; });
    call.on('data', (response) => { seen.push(response.payload.body.length); onData(seen); });
    call.on('error', () => {}); // The status tells the same.
    call.on('status', (status) => resolve({ seen, headers, status }));
  });
}

async function expectOk(collecting, sizes) {
  const result = await collecting;
  assert.equal(result.status.code, grpc.status.OK, result.status.details);
  assert.deepEqual(result.seen, sizes);
  return result;
}

async function large(metadata) {
  const result = await unary('UnaryCall', LARGE, metadata);
  assert.ifError(result.error);
  assert.equal(result.response.payload.body.length, LARGE.response_size);
  return result;
}

async function echoes(initial, trailing) {
  const metadata = new grpc.Metadata();
  metadata.set(ECHO_INITIAL, initial);
  metadata.set(ECHO_TRAILING, trailing);
  const check = (result) => {
    assert.deepEqual(result.headers.get(ECHO_INITIAL), [initial]);
    assert.deepEqual(result.status.metadata.get(ECHO_TRAILING), [trailing]);
  };
  check(await large(metadata));
  const call = client.FullDuplexCall(metadata);
  call.write(ask(271828, 314159));
  call.end();
  check(await expectOk(collect(call), [314159]));
}

function sendAll(call) {
  REQUESTS.forEach((size, index) => call.write(ask(size, RESPONSES[index])));
  call.end();
  return call;
}

async function failsWith(message) {
  const status = { code: 2, message };
  const { status: ofUnary } = await unary('UnaryCall', { response_status: status });
  assert.deepEqual([ofUnary.code, ofUnary.details], [2, message]);
  const call = client.FullDuplexCall();
  call.write({ response_status: status });
  call.end();
  const { status: ofStream } = await collect(call);
  assert.deepEqual([ofStream.code, ofStream.details], [2, message]);
}

const within = (ms) => ({ deadline: new Date(Date.now() + ms) });

const CASES = {
  empty_unary: async () => assert.ifError((await unary('EmptyCall', {})).error),
  large_unary: () => large(),
  client_streaming: () => new Promise((resolve, reject) => {
    const call = client.StreamingInputCall((error, response) => {
      if (error) return reject(error);
      assert.equal(response.aggregated_payload_size, 74922);
      return resolve();
    });
    REQUESTS.forEach((size) => call.write({ payload: zeros(size) }));
    call.end();
  }),
  server_streaming: () => expectOk(collect(client.StreamingOutputCall(ask(0, ...RESPONSES))), RESPONSES),
  ping_pong: async () => {
    const call = client.FullDuplexCall();
    const collecting = collect(call, (seen) => {
      if (seen.length === RESPONSES.length) call.end();
      else call.write(ask(REQUESTS[seen.length], RESPONSES[seen.length]));
    });
    call.write(ask(REQUESTS[0], RESPONSES[0]));
    await expectOk(collecting, RESPONSES);
  },
  empty_stream: async () => {
    const call = client.FullDuplexCall();
    call.end();
    await expectOk(collect(call), []);
  },
  half_close: () => expectOk(collect(sendAll(client.FullDuplexCall())), RESPONSES),
  half_duplex: () => expectOk(collect(sendAll(client.HalfDuplexCall())), RESPONSES),
  slow_consumer: async () => {
    const sizes = Array(1000).fill(64 * 1024);
    const call = client.StreamingOutputCall(ask(0, ...sizes));
    await expectOk(collect(call, (seen) => {
      if (seen.length % 100 === 0) {
        call.pause();
        setTimeout(() => call.resume(), 50);
      }
    }), sizes);
  },
  custom_metadata: () => echoes('test_initial_metadata_value', Buffer.from([0xab, 0xab, 0xab])),
  large_metadata: () => echoes('m'.repeat(3000), Buffer.alloc(2000, 7)),
  status_code_and_message: () => failsWith('test status message'),
  special_status_message: () => failsWith('\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n'),
  unimplemented_method: async () => assert.equal((await unary('UnimplementedCall', {})).status.code, 12),
  unimplemented_service: async () => {
    const other = new testing.UnimplementedService(target, grpc.credentials.createInsecure());
    const error = await new Promise((resolve) => { other.UnimplementedCall({}, resolve); });
    assert.equal(error.code, 12);
  },
  cancel_after_begin: () => new Promise((resolve, reject) => {
    const call = client.StreamingInputCall((error) => (error?.code === 1 ? resolve() : reject(error ?? new Error('no error'))));
    call.cancel();
  }),
  cancel_after_first_response: async () => {
    const call = client.FullDuplexCall();
    const collecting = collect(call, () => call.cancel());
    call.write(ask(27182, 31415));
    assert.equal((await collecting).status.code, 1);
  },
  timeout_on_sleeping_server: async () => {
    const call = client.FullDuplexCall(within(1));
    call.write(ask(27182));
    assert.equal((await collect(call)).status.code, 4);
  },
  unary_deadline: async () => {
    const request = { response_parameters: [{ size: 1, interval_us: 10_000_000 }] };
    const { path, requestSerialize, responseDeserialize } = testing.TestService.service.FullDuplexCall;
    const code = await new Promise((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, new grpc.Metadata(), within(300), (error) => resolve(error?.code));
    });
    assert.equal(code, 4);
  },
  rpc_soak: async () => {
    for (let i = 0; i < 100; i++) {
      await large();
      await sleep(i % 10);
    }
  },
};

const run = CASES[process.argv[3]];
if (!run) throw new Error(`there is no case ${process.argv[3]}`);
run().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
