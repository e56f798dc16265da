# The messages and the service of echo.proto for Ruby's official gRPC. The descriptor comes from the C# side, as the
# bytes of the compiled file, so that there is one definition only.
require 'grpc'
require 'google/protobuf'

POOL = Google::Protobuf::DescriptorPool.new
POOL.add_serialized_file(File.binread(ENV.fetch('ECHO_DESCRIPTOR')))
EchoRequest = POOL.lookup('grpctests.EchoRequest').msgclass
EchoReply = POOL.lookup('grpctests.EchoReply').msgclass

class EchoService
  include GRPC::GenericService
  self.marshal_class_method = :encode
  self.unmarshal_class_method = :decode
  self.service_name = 'grpctests.Echo'

  rpc :Unary, EchoRequest, EchoReply
  rpc :Download, EchoRequest, stream(EchoReply)
  rpc :Upload, stream(EchoRequest), EchoReply
  rpc :Chat, stream(EchoRequest), stream(EchoReply)
end
