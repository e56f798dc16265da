import grpc.testing.*;
import io.grpc.*;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** The client side of the cases on Java's official gRPC. Usage: InteropClient PORT CASE */
public final class InteropClient {
  private static final int[] REQUESTS = {27182, 8, 1828, 45904};
  private static final Integer[] RESPONSES = {31415, 9, 2653, 58979};
  private static final String SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \ud83d\ude08\t\n";

  private final ManagedChannel channel;
  private final TestServiceGrpc.TestServiceBlockingStub blocking;
  private final TestServiceGrpc.TestServiceStub async;

  private InteropClient(int port) {
    channel = Grpc.newChannelBuilder("localhost:" + port, InsecureChannelCredentials.create()).build();
    blocking = TestServiceGrpc.newBlockingStub(channel);
    async = TestServiceGrpc.newStub(channel);
  }

  public static void main(String[] args) throws Exception {
    new InteropClient(Integer.parseInt(args[0])).run(args[1]);
    System.exit(0);
  }

  private void run(String name) throws Exception {
    switch (name) {
      case "empty_unary": expect(Empty.getDefaultInstance(), blocking.emptyCall(Empty.getDefaultInstance())); break;
      case "large_unary": large(blocking); break;
      case "client_streaming": clientStreaming(); break;
      case "server_streaming": expect(Arrays.asList(RESPONSES), sizes(blocking.streamingOutputCall(ask(0, RESPONSES)))); break;
      case "ping_pong": pingPong(); break;
      case "empty_stream": duplex(async, Collections.emptyList()).expect(Status.Code.OK); break;
      case "half_close": duplex(async, all()).expect(Status.Code.OK, RESPONSES); break;
      case "half_duplex": send(async::halfDuplexCall, all()).expect(Status.Code.OK, RESPONSES); break;
      case "slow_consumer": slowConsumer(); break;
      case "client_compressed_unary": clientCompressedUnary(); break;
      case "client_compressed_streaming": clientCompressedStreaming(); break;
      case "server_compressed_unary":
        large(blocking, request -> request.setResponseCompressed(bool(true)));
        large(blocking, request -> request.setResponseCompressed(bool(false)));
        break;
      case "server_compressed_streaming": serverCompressedStreaming(); break;
      case "custom_metadata": echo("test_initial_metadata_value", new byte[] {(byte) 0xab, (byte) 0xab, (byte) 0xab}); break;
      case "large_metadata": echo("m".repeat(3000), new byte[2000]); break;
      case "status_code_and_message": status("test status message"); break;
      case "special_status_message": status(SPECIAL); break;
      case "unimplemented_method": fails(Status.Code.UNIMPLEMENTED, () -> blocking.unimplementedCall(Empty.getDefaultInstance())); break;
      case "unimplemented_service":
        fails(Status.Code.UNIMPLEMENTED, () -> UnimplementedServiceGrpc.newBlockingStub(channel).unimplementedCall(Empty.getDefaultInstance()));
        break;
      case "cancel_after_begin": cancelAfterBegin(); break;
      case "cancel_after_first_response": cancelAfterFirstResponse(); break;
      case "timeout_on_sleeping_server":
        send(async.withDeadlineAfter(1, TimeUnit.MILLISECONDS)::fullDuplexCall, null).expect(Status.Code.DEADLINE_EXCEEDED);
        break;
      case "unary_deadline": unaryDeadline(); break;
      case "rpc_soak":
        for (int i = 0; i < 100; i++) {
          large(blocking);
          TimeUnit.MILLISECONDS.sleep(i % 10);
        }
        break;
      default: throw new IllegalArgumentException("there is no case " + name);
    }
  }

  private interface Call { Object run(); }

  private interface Opening { StreamObserver<StreamingOutputCallRequest> open(StreamObserver<StreamingOutputCallResponse> responses); }

  /** Collects a stream of responses up to its end. */
  private static final class Responses implements ClientResponseObserver<StreamingOutputCallRequest, StreamingOutputCallResponse> {
    private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    ClientCallStreamObserver<StreamingOutputCallRequest> requests;

    @Override public void beforeStart(ClientCallStreamObserver<StreamingOutputCallRequest> stream) { requests = stream; }
    @Override public void onNext(StreamingOutputCallResponse response) { seen.add(response.getPayload().getBody().size()); }
    @Override public void onError(Throwable failure) { seen.add(Status.fromThrowable(failure)); }
    @Override public void onCompleted() { seen.add(Status.OK); }

    Object next() throws InterruptedException { return seen.poll(20, TimeUnit.SECONDS); }

    Status expect(Status.Code code, Integer... sizes) throws InterruptedException {
      for (Integer size : sizes) InteropClient.expect(size, next());
      Object end = next();
      if (!(end instanceof Status)) throw new AssertionError("expected the end, got " + end);
      InteropClient.expect(code, ((Status) end).getCode());
      return (Status) end;
    }
  }

  private static void expect(Object expected, Object actual) {
    if (!expected.equals(actual)) throw new AssertionError("expected " + expected + ", got " + actual);
  }

  private static Status fails(Status.Code code, Call call) {
    try {
      call.run();
    } catch (StatusRuntimeException failure) {
      expect(code, failure.getStatus().getCode());
      return failure.getStatus();
    }
    throw new AssertionError("expected " + code + ", but the call succeeded");
  }

  private static StreamingOutputCallRequest ask(int size, Integer... responses) {
    StreamingOutputCallRequest.Builder request = StreamingOutputCallRequest.newBuilder().setPayload(InteropServer.zeros(size));
    for (Integer each : responses) request.addResponseParameters(ResponseParameters.newBuilder().setSize(each));
    return request.build();
  }

  private static List<StreamingOutputCallRequest> all() {
    List<StreamingOutputCallRequest> requests = new ArrayList<>();
    for (int i = 0; i < REQUESTS.length; i++) requests.add(ask(REQUESTS[i], RESPONSES[i]));
    return requests;
  }

  private static List<Integer> sizes(Iterator<StreamingOutputCallResponse> responses) {
    List<Integer> sizes = new ArrayList<>();
    responses.forEachRemaining(response -> sizes.add(response.getPayload().getBody().size()));
    return sizes;
  }

  /** Sends and half-closes; null for a stream that stays open and silent. */
  private static Responses send(Opening opening, List<StreamingOutputCallRequest> messages) {
    Responses responses = new Responses();
    StreamObserver<StreamingOutputCallRequest> requests = opening.open(responses);
    if (messages != null) {
      messages.forEach(requests::onNext);
      requests.onCompleted();
    }
    return responses;
  }

  private static Responses duplex(TestServiceGrpc.TestServiceStub stub, List<StreamingOutputCallRequest> messages) {
    return send(stub::fullDuplexCall, messages);
  }

  private static void large(TestServiceGrpc.TestServiceBlockingStub stub) {
    large(stub, request -> {});
  }

  private static void large(TestServiceGrpc.TestServiceBlockingStub stub, Consumer<SimpleRequest.Builder> more) {
    SimpleRequest.Builder request = SimpleRequest.newBuilder().setResponseSize(314159).setPayload(InteropServer.zeros(271828));
    more.accept(request);
    expect(InteropServer.zeros(314159), stub.unaryCall(request.build()).getPayload());
  }

  private static BoolValue bool(boolean value) {
    return BoolValue.newBuilder().setValue(value).build();
  }

  private void clientCompressedUnary() {
    fails(Status.Code.INVALID_ARGUMENT, () -> {
      large(blocking, request -> request.setExpectCompressed(bool(true)));
      return null;
    });
    large(blocking.withCompression("gzip"), request -> request.setExpectCompressed(bool(true)));
    large(blocking, request -> request.setExpectCompressed(bool(false)));
  }

  private void clientCompressedStreaming() throws InterruptedException {
    StreamingInputCallRequest compressed = StreamingInputCallRequest.newBuilder().setExpectCompressed(bool(true)).setPayload(InteropServer.zeros(27182)).build();
    StreamingInputCallRequest plain = StreamingInputCallRequest.newBuilder().setExpectCompressed(bool(false)).setPayload(InteropServer.zeros(45904)).build();
    expect(Status.Code.INVALID_ARGUMENT, upload(async, compressed));
    expect(73086, upload(async.withCompression("gzip"), compressed, plain));
  }

  private void serverCompressedStreaming() {
    StreamingOutputCallRequest request = StreamingOutputCallRequest.newBuilder()
        .addResponseParameters(ResponseParameters.newBuilder().setSize(31415).setCompressed(bool(true)))
        .addResponseParameters(ResponseParameters.newBuilder().setSize(92653).setCompressed(bool(false)))
        .build();
    expect(List.of(31415, 92653), sizes(blocking.streamingOutputCall(request)));
  }

  private void clientStreaming() throws InterruptedException {
    StreamingInputCallRequest[] requests = Arrays.stream(REQUESTS)
        .mapToObj(size -> StreamingInputCallRequest.newBuilder().setPayload(InteropServer.zeros(size)).build())
        .toArray(StreamingInputCallRequest[]::new);
    expect(74922, upload(async, requests));
  }

  /** Sends a stream, the messages that expect it compressed; the result is the sum or the status code. */
  private static Object upload(TestServiceGrpc.TestServiceStub stub, StreamingInputCallRequest... messages) throws InterruptedException {
    BlockingQueue<Object> result = new LinkedBlockingQueue<>();
    StreamObserver<StreamingInputCallRequest> requests = stub.streamingInputCall(new StreamObserver<>() {
      @Override public void onNext(StreamingInputCallResponse response) { result.add(response.getAggregatedPayloadSize()); }
      @Override public void onError(Throwable failure) { result.add(Status.fromThrowable(failure).getCode()); }
      @Override public void onCompleted() {}
    });
    for (StreamingInputCallRequest message : messages) {
      ((ClientCallStreamObserver<?>) requests).setMessageCompression(message.getExpectCompressed().getValue());
      requests.onNext(message);
    }
    requests.onCompleted();
    return result.poll(20, TimeUnit.SECONDS);
  }

  private void pingPong() throws InterruptedException {
    Responses responses = duplex(async, null);
    for (int i = 0; i < REQUESTS.length; i++) {
      responses.requests.onNext(ask(REQUESTS[i], RESPONSES[i]));
      expect(RESPONSES[i], responses.next());
    }
    responses.requests.onCompleted();
    responses.expect(Status.Code.OK);
  }

  private void slowConsumer() throws InterruptedException {
    Integer[] wanted = new Integer[1000];
    Arrays.fill(wanted, 64 * 1024);
    Iterator<StreamingOutputCallResponse> responses = blocking.streamingOutputCall(ask(0, wanted));
    int count = 0;
    while (responses.hasNext()) {
      expect(64 * 1024, responses.next().getPayload().getBody().size());
      if (++count % 100 == 0) TimeUnit.MILLISECONDS.sleep(50);
    }
    expect(1000, count);
  }

  private void echo(String initial, byte[] trailing) throws InterruptedException {
    Metadata metadata = new Metadata();
    metadata.put(InteropServer.INITIAL, initial);
    metadata.put(InteropServer.TRAILING, trailing);
    AtomicReference<Metadata> headers = new AtomicReference<>();
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    ClientInterceptor[] both = {MetadataUtils.newAttachHeadersInterceptor(metadata), MetadataUtils.newCaptureMetadataInterceptor(headers, trailers)};
    large(blocking.withInterceptors(both));
    expect(initial, headers.get().get(InteropServer.INITIAL));
    expect(Arrays.toString(trailing), Arrays.toString(trailers.get().get(InteropServer.TRAILING)));
    duplex(async.withInterceptors(both), List.of(ask(271828, 314159))).expect(Status.Code.OK, 314159);
    expect(initial, headers.get().get(InteropServer.INITIAL));
    expect(Arrays.toString(trailing), Arrays.toString(trailers.get().get(InteropServer.TRAILING)));
  }

  private void status(String message) throws InterruptedException {
    EchoStatus wanted = EchoStatus.newBuilder().setCode(2).setMessage(message).build();
    Status ofUnary = fails(Status.Code.UNKNOWN, () -> blocking.unaryCall(SimpleRequest.newBuilder().setResponseStatus(wanted).build()));
    expect(message, ofUnary.getDescription());
    Status ofStream = duplex(async, List.of(StreamingOutputCallRequest.newBuilder().setResponseStatus(wanted).build())).expect(Status.Code.UNKNOWN);
    expect(message, ofStream.getDescription());
  }

  private void cancelAfterBegin() throws InterruptedException {
    BlockingQueue<Status.Code> end = new LinkedBlockingQueue<>();
    StreamObserver<StreamingInputCallRequest> requests = async.streamingInputCall(new StreamObserver<>() {
      @Override public void onNext(StreamingInputCallResponse response) {}
      @Override public void onError(Throwable failure) { end.add(Status.fromThrowable(failure).getCode()); }
      @Override public void onCompleted() { end.add(Status.Code.OK); }
    });
    requests.onError(new RuntimeException("cancelled by the case"));
    expect(Status.Code.CANCELLED, end.poll(20, TimeUnit.SECONDS));
  }

  private void cancelAfterFirstResponse() throws InterruptedException {
    Responses responses = duplex(async, null);
    responses.requests.onNext(ask(27182, 31415));
    expect(31415, responses.next());
    responses.requests.cancel("cancelled by the case", null);
    responses.expect(Status.Code.CANCELLED);
  }

  private void unaryDeadline() {
    MethodDescriptor<StreamingOutputCallRequest, StreamingOutputCallResponse> method =
        TestServiceGrpc.getFullDuplexCallMethod().toBuilder().setType(MethodDescriptor.MethodType.UNARY).build();
    StreamingOutputCallRequest request = StreamingOutputCallRequest.newBuilder()
        .addResponseParameters(ResponseParameters.newBuilder().setSize(1).setIntervalUs(10_000_000)).build();
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS);
    fails(Status.Code.DEADLINE_EXCEEDED, () -> ClientCalls.blockingUnaryCall(channel, method, options, request));
  }
}
