# Calls the C# server with Ruby's official gRPC, one case after the other. Prints "ok NAME" or "FAILED NAME: why".
require_relative 'echo_service'

COUNT = 2000

def expect(actual, expected)
  raise "expected #{expected.inspect}, got #{actual.inspect}" unless actual == expected
end

def failure(code)
  yield
rescue GRPC::BadStatus => e
  expect(e.code, code)
  e
else
  raise "expected status #{code}, but the call succeeded"
end

def stub_with(channel_args = {})
  credentials = :this_channel_is_insecure
  credentials = GRPC::Core::ChannelCredentials.new(File.read(ENV['ECHO_CERTIFICATE'])) if ENV['ECHO_CERTIFICATE']
  EchoService.rpc_stub_class.new(ENV.fetch('ECHO_TARGET'), credentials, channel_args: channel_args)
end

def requests(count)
  (0...count).lazy.map { |i| EchoRequest.new(count: i, payload: 'seven77') }
end

STUB = stub_with

CASES = {
  'a unary call' => lambda {
    reply = STUB.unary(EchoRequest.new(text: 'hello', payload: 'x' * 100_000))
    expect([reply.text, reply.payload.bytesize], ['hello', 100_000])
  },
  'a server stream' => lambda {
    expect(STUB.download(EchoRequest.new(count: COUNT)).map(&:count), (0...COUNT).to_a)
  },
  'an empty server stream' => -> { expect(STUB.download(EchoRequest.new(count: 0)).to_a, []) },
  'a client stream' => lambda {
    reply = STUB.upload(requests(COUNT))
    expect([reply.count, reply.text], [COUNT, (7 * COUNT).to_s])
  },
  'an empty client stream' => -> { expect(STUB.upload([].each).count, 0) },
  'a duplex call' => -> { expect(STUB.chat(requests(COUNT)).map(&:count), (0...COUNT).to_a) },
  'a rejection with text and trailers' => lambda {
    e = failure(9) { STUB.unary(EchoRequest.new(text: 'reject')) }
    expect(e.details.dup.force_encoding('UTF-8'), "50 % of ünïcode\n")
    expect([e.metadata['reason'], e.metadata['blob-bin'].b], ['told so', "\x00\xFF\x01".b])
  },
  'a rejection after messages' => lambda {
    seen = []
    failure(10) { STUB.download(EchoRequest.new(text: 'reject', count: 3)).each { |reply| seen << reply.count } }
    expect(seen, [0, 1, 2])
  },
  'an exception in the handler' => lambda {
    e = failure(2) { STUB.unary(EchoRequest.new(text: 'throw')) }
    expect(e.details.include?('secret'), false)
  },
  'a deadline' => -> { failure(4) { STUB.unary(EchoRequest.new(text: 'wait'), deadline: Time.now + 0.3) } },
  'a cancellation' => lambda {
    operation = STUB.download(EchoRequest.new(text: 'wait', count: 1), return_op: true)
    failure(1) { operation.execute.each { operation.cancel } }
  },
  'metadata both ways' => lambda {
    operation = STUB.unary(EchoRequest.new(text: 'metadata'), return_op: true,
                           metadata: { 'x-text' => 'plain', 'x-twice' => %w[one two], 'x-blob-bin' => "\x00\xFF".b })
    operation.execute
    [operation.metadata, operation.trailing_metadata].each do |metadata|
      expect([metadata['x-text'], metadata['x-twice'], metadata['x-blob-bin'].b], ['plain', %w[one two], "\x00\xFF".b])
    end
  },
  'a method that does not exist' => lambda {
    failure(12) { STUB.request_response('/grpctests.Echo/Nothing', EchoRequest.new, EchoRequest.method(:encode), EchoReply.method(:decode)) }
  },
  'a service that does not exist' => lambda {
    failure(12) { STUB.request_response('/grpctests.Nobody/Unary', EchoRequest.new, EchoRequest.method(:encode), EchoReply.method(:decode)) }
  },
  'a request that is too large' => -> { failure(8) { STUB.unary(EchoRequest.new(payload: 'x' * 4_194_304)) } },
  'compressed requests and responses' => lambda {
    gzip = GRPC::Core::CompressionOptions.new(default_algorithm: :gzip).to_channel_arg_hash
    reply = stub_with(gzip).unary(EchoRequest.new(payload: 'x' * 100_000))
    expect(reply.payload.bytesize, 100_000)
  },
  'an early end of a client stream' => lambda {
    endless = Enumerator.new do |all|
      all << EchoRequest.new
      all << EchoRequest.new(text: 'enough')
    end
    expect(STUB.upload(endless).count, 1)
  }
}.freeze

CASES.each do |name, run|
  run.call
  puts "ok #{name}"
rescue StandardError => e
  puts "FAILED #{name}: #{e.class} #{e.message.tr("\n", ' ')}"
end
puts "#{CASES.size} cases"
