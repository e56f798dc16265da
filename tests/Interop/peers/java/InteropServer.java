import com.google.protobuf.ByteString;
import grpc.testing.*;
import io.grpc.*;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** The server side of the cases on Java's official gRPC. Usage: InteropServer PORT */
public final class InteropServer {
  static final Metadata.Key<String> INITIAL = Metadata.Key.of("x-grpc-test-echo-initial", Metadata.ASCII_STRING_MARSHALLER);
  static final Metadata.Key<byte[]> TRAILING = Metadata.Key.of("x-grpc-test-echo-trailing-bin", Metadata.BINARY_BYTE_MARSHALLER);

  public static void main(String[] args) throws Exception {
    Grpc.newServerBuilderForPort(Integer.parseInt(args[0]), InsecureServerCredentials.create())
        .addService(ServerInterceptors.intercept(new Service(), new Echo()))
        .build()
        .start()
        .awaitTermination();
  }

  static Payload zeros(int size) {
    return Payload.newBuilder().setBody(ByteString.copyFrom(new byte[size])).build();
  }

  /** Sends the metadata of the contract back. */
  private static final class Echo implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata asked, ServerCallHandler<Q, R> next) {
      return next.startCall(new ForwardingServerCall.SimpleForwardingServerCall<Q, R>(call) {
        @Override
        public void sendHeaders(Metadata headers) {
          if (asked.containsKey(INITIAL)) headers.put(INITIAL, asked.get(INITIAL));
          super.sendHeaders(headers);
        }

        @Override
        public void close(Status status, Metadata trailers) {
          if (asked.containsKey(TRAILING)) trailers.put(TRAILING, asked.get(TRAILING));
          super.close(status, trailers);
        }
      }, asked);
    }
  }

  private static final class Service extends TestServiceGrpc.TestServiceImplBase {
    @Override
    public void emptyCall(Empty request, StreamObserver<Empty> responses) {
      responses.onNext(request);
      responses.onCompleted();
    }

    @Override
    public void unaryCall(SimpleRequest request, StreamObserver<SimpleResponse> responses) {
      if (fails(request.getResponseStatus(), responses)) return;
      compress(responses, request.hasResponseCompressed(), request.getResponseCompressed().getValue());
      responses.onNext(SimpleResponse.newBuilder().setPayload(zeros(request.getResponseSize())).build());
      responses.onCompleted();
    }

    @Override
    public void streamingOutputCall(StreamingOutputCallRequest request, StreamObserver<StreamingOutputCallResponse> responses) {
      compress(responses, request.getResponseParametersList().stream().anyMatch(wanted -> wanted.hasCompressed()), false);
      answer(request, responses);
      responses.onCompleted();
    }

    @Override
    public StreamObserver<StreamingInputCallRequest> streamingInputCall(StreamObserver<StreamingInputCallResponse> responses) {
      return new Requests<>(responses) {
        private int total;

        @Override
        public void onNext(StreamingInputCallRequest request) {
          total += request.getPayload().getBody().size();
        }

        @Override
        public void onCompleted() {
          responses.onNext(StreamingInputCallResponse.newBuilder().setAggregatedPayloadSize(total).build());
          responses.onCompleted();
        }
      };
    }

    @Override
    public StreamObserver<StreamingOutputCallRequest> fullDuplexCall(StreamObserver<StreamingOutputCallResponse> responses) {
      return new Requests<>(responses) {
        private boolean hasFailed;

        @Override
        public void onNext(StreamingOutputCallRequest request) {
          hasFailed = hasFailed || fails(request.getResponseStatus(), responses);
          if (!hasFailed) answer(request, responses);
        }

        @Override
        public void onCompleted() {
          if (!hasFailed && !((ServerCallStreamObserver<?>) responses).isCancelled()) responses.onCompleted();
        }
      };
    }

    @Override
    public StreamObserver<StreamingOutputCallRequest> halfDuplexCall(StreamObserver<StreamingOutputCallResponse> responses) {
      return new Requests<>(responses) {
        private final List<StreamingOutputCallRequest> kept = new ArrayList<>();

        @Override
        public void onNext(StreamingOutputCallRequest request) {
          kept.add(request);
        }

        @Override
        public void onCompleted() {
          kept.forEach(request -> answer(request, responses));
          responses.onCompleted();
        }
      };
    }

    // The encoding belongs to the call and must be named before the first message; whether a message uses it is its own matter.
    private static void compress(StreamObserver<?> responses, boolean namesEncoding, boolean compressesFirst) {
      ServerCallStreamObserver<?> call = (ServerCallStreamObserver<?>) responses;
      if (namesEncoding) call.setCompression("gzip");
      call.setMessageCompression(compressesFirst);
    }

    private static boolean fails(EchoStatus wanted, StreamObserver<?> responses) {
      if (wanted.getCode() == 0) return false;
      responses.onError(Status.fromCodeValue(wanted.getCode()).withDescription(wanted.getMessage()).asRuntimeException());
      return true;
    }

    private static void answer(StreamingOutputCallRequest request, StreamObserver<StreamingOutputCallResponse> responses) {
      ServerCallStreamObserver<?> call = (ServerCallStreamObserver<?>) responses;
      for (ResponseParameters wanted : request.getResponseParametersList()) {
        LockSupport.parkNanos(wanted.getIntervalUs() * 1000L);
        if (call.isCancelled()) return;
        call.setMessageCompression(wanted.getCompressed().getValue());
        responses.onNext(StreamingOutputCallResponse.newBuilder().setPayload(zeros(wanted.getSize())).build());
      }
    }
  }

  /** Requests whose failure is the client's own doing. */
  private abstract static class Requests<T> implements StreamObserver<T> {
    Requests(StreamObserver<?> responses) {
      // Without it, writing to a call that the client has cancelled throws.
      ((ServerCallStreamObserver<?>) responses).setOnCancelHandler(() -> {});
    }

    @Override
    public void onError(Throwable cancelled) {}
  }
}
