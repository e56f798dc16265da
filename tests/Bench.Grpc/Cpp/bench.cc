// The official C++ server and client under the same load as ours: callback API, one channel, messages of 200 bytes.
// usage: bench serve PORT | bench load HOST:PORT; the loader reads lines "MODE STREAMS SECONDS" and answers each with a line of JSON.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <queue>
#include <sstream>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench.grpc.pb.h"

using synchub::bench::Bench;
using synchub::bench::Count;
using synchub::bench::Message;
using Clock = std::chrono::steady_clock;

static const int kBodyBytes = 197;  // with tag and length 200 bytes
static const int kWindow = 64;
static const long kDownload = 20000;

// Gathering is asked for in uploads, as the official documentation advises for throughput; each 64th write flushes. A server that asks for it
// stalls now and then (1.51, callback API), so downloads do without.
static grpc::WriteOptions Options(long number) {
  grpc::WriteOptions options;
  return number % 64 == 0 ? options : options.set_buffer_hint();
}

class Uploads final : public grpc::ServerReadReactor<Message> {
 public:
  explicit Uploads(Count* count) : count_(count) { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (!ok) {
      count_->set_messages(messages_);
      Finish(grpc::Status::OK);
      return;
    }
    messages_++;
    StartRead(&message_);
  }
  void OnDone() override { delete this; }

 private:
  Count* count_;
  Message message_;
  long messages_ = 0;
};

class Downloads final : public grpc::ServerWriteReactor<Message> {
 public:
  explicit Downloads(long messages) : left_(messages) {
    message_.set_body(std::string(kBodyBytes, 'x'));
    Next();
  }
  void OnWriteDone(bool ok) override { ok ? Next() : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_ == 0) {
      Finish(grpc::Status::OK);
      return;
    }
    left_--;
    StartWrite(&message_);
  }
  Message message_;
  long left_;
};

class Echoes final : public grpc::ServerBidiReactor<Message, Message> {
 public:
  Echoes() { StartRead(&message_); }
  void OnReadDone(bool ok) override { ok ? StartWrite(&message_) : Finish(grpc::Status::OK); }
  void OnWriteDone(bool ok) override { ok ? StartRead(&message_) : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  Message message_;
};

class Service final : public Bench::CallbackService {
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const Message* request, Message* response) override {
    response->set_body(request->body());
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerReadReactor<Message>* Upload(grpc::CallbackServerContext*, Count* response) override { return new Uploads(response); }
  grpc::ServerWriteReactor<Message>* Download(grpc::CallbackServerContext*, const Count* request) override { return new Downloads(request->messages()); }
  grpc::ServerBidiReactor<Message, Message>* Echo(grpc::CallbackServerContext*) override { return new Echoes(); }
};

// One timed run: when to stop, who still works, what was counted.
struct Run {
  Clock::time_point end;
  std::mutex mutex;
  std::condition_variable done;
  int working = 0;
  long messages = 0;
  std::vector<float> micros;
  bool Over() const { return Clock::now() >= end; }
  void Leave(long count, std::vector<float>& times) {
    std::lock_guard<std::mutex> lock(mutex);
    messages += count;
    micros.insert(micros.end(), times.begin(), times.end());
    working--;
    done.notify_all();
  }
};

static float Micros(Clock::time_point since) { return std::chrono::duration<float, std::micro>(Clock::now() - since).count(); }

struct UnaryLoop {
  Run* run;
  Bench::Stub* stub;
  Message request, response;
  std::unique_ptr<grpc::ClientContext> context;
  Clock::time_point since;
  long count = 0;
  std::vector<float> times;
  void Next() {
    context = std::make_unique<grpc::ClientContext>();
    since = Clock::now();
    stub->async()->Unary(context.get(), &request, &response, [this](grpc::Status status) {
      if (!status.ok()) { std::cerr << status.error_message() << std::endl; abort(); }
      count++;
      times.push_back(Micros(since));
      if (run->Over()) { run->Leave(count, times); delete this; } else { Next(); }
    });
  }
};

class UploadLoop final : public grpc::ClientWriteReactor<Message> {
 public:
  UploadLoop(Run* run, Bench::Stub* stub) : run_(run) {
    message_.set_body(std::string(kBodyBytes, 'x'));
    stub->async()->Upload(&context_, &response_, this);
    StartWrite(&message_, Options(1));
    StartCall();
  }
  void OnWriteDone(bool ok) override {
    count_++;
    if (!ok) return;
    if (count_ % 64 == 0 && run_->Over()) StartWritesDone(); else StartWrite(&message_, Options(count_ + 1));
  }
  void OnDone(const grpc::Status& status) override {
    if (!status.ok() || response_.messages() != count_) { std::cerr << "upload: " << status.error_message() << std::endl; abort(); }
    std::vector<float> none;
    run_->Leave(count_, none);
    delete this;
  }

 private:
  Run* run_;
  grpc::ClientContext context_;
  Message message_;
  Count response_;
  long count_ = 0;
};

class DownloadLoop final : public grpc::ClientReadReactor<Message> {
 public:
  DownloadLoop(Run* run, Bench::Stub* stub, long before) : run_(run), stub_(stub), count_(before) {
    request_.set_messages(kDownload);
    stub->async()->Download(&context_, &request_, this);
    StartRead(&message_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    count_++;
    StartRead(&message_);
  }
  void OnDone(const grpc::Status& status) override {
    if (!status.ok()) { std::cerr << "download: " << status.error_message() << std::endl; abort(); }
    if (run_->Over()) {
      std::vector<float> none;
      run_->Leave(count_, none);
    } else {
      new DownloadLoop(run_, stub_, count_);
    }
    delete this;
  }

 private:
  Run* run_;
  Bench::Stub* stub_;
  grpc::ClientContext context_;
  Count request_;
  Message message_;
  long count_;
};

class EchoLoop final : public grpc::ClientBidiReactor<Message, Message> {
 public:
  EchoLoop(Run* run, Bench::Stub* stub) : run_(run) {
    request_.set_body(std::string(kBodyBytes, 'x'));
    stub->async()->Echo(&context_, this);
    StartRead(&response_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      Send();
    }
    StartCall();
  }
  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mutex_);
    writing_ = false;
    if (ok) Send();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      times_.push_back(Micros(sent_.front()));
      sent_.pop();
      count_++;
      if (!writing_) Send();
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    if (!status.ok()) { std::cerr << "echo: " << status.error_message() << std::endl; abort(); }
    run_->Leave(count_, times_);
    delete this;
  }

 private:
  void Send() {
    if (closed_) return;
    if (run_->Over()) {
      closed_ = true;
      StartWritesDone();
    } else if ((int)sent_.size() < kWindow) {
      writing_ = true;
      sent_.push(Clock::now());
      StartWrite(&request_);
    }
  }
  Run* run_;
  grpc::ClientContext context_;
  Message request_, response_;
  std::mutex mutex_;
  std::queue<Clock::time_point> sent_;
  bool writing_ = false, closed_ = false;
  long count_ = 0;
  std::vector<float> times_;
};

static void Serve(const std::string& port) {
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (!server) exit(1);
  server->Wait();
}

static void Load(const std::string& address) {
  auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  auto stub = Bench::NewStub(channel);
  std::string mode;
  int streams;
  double seconds;
  while (std::cin >> mode >> streams >> seconds) {
    Run run;
    auto begin = Clock::now();
    run.end = begin + std::chrono::microseconds((long)(seconds * 1e6));
    run.working = streams;
    for (int i = 0; i < streams; i++) {
      if (mode == "unary") {
        auto* loop = new UnaryLoop{&run, stub.get()};
        loop->request.set_body(std::string(kBodyBytes, 'x'));
        loop->Next();
      } else if (mode == "upload") new UploadLoop(&run, stub.get());
      else if (mode == "download") new DownloadLoop(&run, stub.get(), 0);
      else if (mode == "echo") new EchoLoop(&run, stub.get());
      else exit(2);
    }
    std::unique_lock<std::mutex> lock(run.mutex);
    run.done.wait(lock, [&] { return run.working == 0; });
    double took = std::chrono::duration<double>(Clock::now() - begin).count();
    auto& times = run.micros;
    std::sort(times.begin(), times.end());
    auto at = [&](double part) { return times.empty() ? 0.0 : (double)times[(size_t)(part * (times.size() - 1))]; };
    printf("{\"messages\":%ld,\"seconds\":%.6f,\"p50Us\":%.1f,\"p99Us\":%.1f,\"allocatedBytes\":0}\n", run.messages, took, at(0.5), at(0.99));
    fflush(stdout);
  }
}

int main(int argc, char** argv) {
  std::string what = argc == 3 ? argv[1] : "";
  if (what == "serve") Serve(argv[2]);
  else if (what == "load") Load(argv[2]);
  else return 2;
  return 0;
}
