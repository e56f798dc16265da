# The echo service on Ruby's official gRPC. Prints its port, and ends when its input is closed.
require_relative 'echo_service'

class EchoServer < EchoService
  def unary(request, call)
    case request.text
    when 'reject'
      raise GRPC::BadStatus.new_status_exception(9, "50 % of ünïcode\n", 'reason' => 'told so', 'blob-bin' => "\x00\xFF\x01".b)
    when 'wait'
      sleep # until the server is stopped: only the client's deadline or cancellation ends this call
    when 'metadata'
      echoed = call.metadata.select { |key, _| key.start_with?('x-') }
      call.output_metadata.update(echoed)
    end
    EchoReply.new(text: request.text, payload: request.payload, count: request.count)
  end

  def download(request, _call)
    (0...request.count).lazy.map { |i| EchoReply.new(payload: request.payload, count: i) }
  end

  def upload(call)
    count = 0
    bytes = 0
    call.each_remote_read do |request|
      break if request.text == 'enough'

      count += 1
      bytes += request.payload.bytesize
    end
    EchoReply.new(count: count, text: bytes.to_s)
  end

  def chat(requests, _call)
    Enumerator.new do |replies|
      requests.each { |request| replies << EchoReply.new(text: request.text, payload: request.payload, count: request.count) }
    end
  end
end

credentials = :this_port_is_insecure
if ENV['ECHO_KEY']
  pair = { private_key: File.read(ENV['ECHO_KEY']), cert_chain: File.read(ENV['ECHO_CERTIFICATE']) }
  credentials = GRPC::Core::ServerCredentials.new(nil, [pair], false)
end

server = GRPC::RpcServer.new(pool_size: 20)
port = server.add_http2_port('127.0.0.1:0', credentials)
server.handle(EchoServer)
thread = Thread.new { server.run }
server.wait_till_running
puts "port #{port}"
$stdout.flush
$stdin.read
thread.kill
exit!
