// The server side of the cases. Usage: server.js PORT
'use strict';
const { setTimeout: sleep } = require('node:timers/promises');
const { grpc, testing, ECHO_INITIAL, ECHO_TRAILING, zeros } = require('./contract');

function echo(call) {
  const headers = new grpc.Metadata();
  const trailers = new grpc.Metadata();
  call.metadata.get(ECHO_INITIAL).forEach((value) => headers.add(ECHO_INITIAL, value));
  call.metadata.get(ECHO_TRAILING).forEach((value) => trailers.add(ECHO_TRAILING, value));
  call.sendMetadata(headers);
  return trailers;
}

const failure = (status, trailers) => ({ code: status.code, details: status.message, metadata: trailers });
const asksForFailure = (request) => request.response_status && request.response_status.code !== 0;

async function answer(call, request) {
  for (const wanted of request.response_parameters) {
    if (wanted.interval_us > 0) await sleep(wanted.interval_us / 1000);
    if (call.cancelled) return;
    if (!call.write({ payload: zeros(wanted.size) })) await new Promise((resume) => { call.once('drain', resume); call.once('cancelled', resume); });
  }
}

function unary(call, done) {
  const trailers = echo(call);
  if (asksForFailure(call.request)) return done(failure(call.request.response_status, trailers));
  return done(null, { payload: zeros(call.request.response_size) }, trailers);
}

function duplex(call, takesAllFirst) {
  const trailers = echo(call);
  const kept = [];
  let work = Promise.resolve();
  call.on('data', (request) => {
    if (asksForFailure(request)) return call.emit('error', failure(request.response_status, trailers));
    if (takesAllFirst) return kept.push(request);
    work = work.then(() => answer(call, request));
    return undefined;
  });
  call.on('end', () => {
    for (const request of kept) work = work.then(() => answer(call, request));
    work.then(() => call.end(trailers));
  });
  call.on('error', () => {});
}

const server = new grpc.Server();
server.addService(testing.TestService.service, {
  EmptyCall: (call, done) => done(null, {}, echo(call)),
  UnaryCall: unary,
  CacheableUnaryCall: unary,
  StreamingOutputCall: (call) => { const trailers = echo(call); answer(call, call.request).then(() => call.end(trailers)); },
  StreamingInputCall: (call, done) => {
    const trailers = echo(call);
    let total = 0;
    call.on('data', (request) => { total += request.payload.body.length; });
    call.on('end', () => done(null, { aggregated_payload_size: total }, trailers));
  },
  FullDuplexCall: (call) => duplex(call, false),
  HalfDuplexCall: (call) => duplex(call, true),
});
server.bindAsync(`0.0.0.0:${process.argv[2]}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
