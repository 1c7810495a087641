import com.twitter.finagle.Failure;
import com.twitter.finagle.ListeningServer;
import com.twitter.finagle.Mux$param$MaxFrameSize;
import com.twitter.finagle.Mux$param$MaxFrameSize$;
import com.twitter.finagle.Service;
import com.twitter.finagle.Stack;
import com.twitter.finagle.ThriftMux;
import com.twitter.finagle.thrift.ClientId;
import com.twitter.finagle.thrift.ThriftClientRequest;
import com.twitter.util.Await;
import com.twitter.util.Duration;
import com.twitter.util.Function;
import com.twitter.util.Future;
import com.twitter.util.JavaTimer;
import com.twitter.util.Promise;
import com.twitter.util.StorageUnit;
import com.twitter.util.Throw;
import com.twitter.util.Try;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TField;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.protocol.TProtocolUtil;
import org.apache.thrift.protocol.TStruct;
import org.apache.thrift.protocol.TType;
import org.apache.thrift.transport.TMemoryBuffer;
import org.apache.thrift.transport.TMemoryInputTransport;
import scala.runtime.BoxedUnit;

/**
 * A real Finagle ThriftMux server or client, ruled by lines on its standard input.
 *
 *   Peer server PORT   "drain" closes it in good order; it prints "ready PORT", "drained N" (calls
 *                      served) and "discarded" for each call that its caller gave up.
 *   Peer client DEST   "METHOD COUNT CONCURRENCY VALUE" calls and prints "done ok=N bad=N {errors}".
 *                      A VALUE of xN is N letters and the number of the call. "quit" ends it.
 *
 * Methods take one string: echo gives it back, slow does after so many milliseconds, nack refuses, never
 * does not answer, all others fail. -Dmax.frame=N cuts what is longer into fragments.
 */
public class Peer {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("server")) {
      server(Integer.parseInt(args[1]));
    } else {
      client(args[1]);
    }
    System.exit(0);
  }

  static void server(int port) throws Exception {
    AtomicLong served = new AtomicLong();
    JavaTimer timer = new JavaTimer(true);
    Service<byte[], byte[]> service = new Service<byte[], byte[]>() {
      @Override
      public Future<byte[]> apply(byte[] request) {
        try {
          Message m = Message.read(request);
          served.incrementAndGet();
          return answer(m, timer);
        } catch (Exception e) {
          return Future.exception(e);
        }
      }
    };
    ListeningServer s = ((ThriftMux.Server) ThriftMux.server().configured(frame(), frameParam()))
        .serve(new InetSocketAddress("127.0.0.1", port), service);
    say("ready " + ((InetSocketAddress) s.boundAddress()).getPort());
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      if (line.equals("drain")) {
        Await.ready(s.close(Duration.fromSeconds(10)));
        say("drained " + served.get());
        return;
      }
    }
  }

  static Future<byte[]> answer(Message m, JavaTimer timer) throws Exception {
    byte[] reply = Message.write(m.name, TMessageType.REPLY, m.seq, 0, m.value);
    switch (m.name) {
      case "echo":
        return Future.value(reply);
      case "slow":
        return Future.value(reply).delayed(Duration.fromMilliseconds(Long.parseLong(m.value)), timer);
      case "nack":
        return Future.exception(Failure.rejected("no"));
      case "never":
        Promise<byte[]> p = new Promise<>();
        p.setInterruptHandler(new Function<Throwable, BoxedUnit>() {
          @Override
          public BoxedUnit apply(Throwable t) {
            say("discarded");
            p.updateIfEmpty(new Throw<byte[]>(t));
            return BoxedUnit.UNIT;
          }
        });
        return p;
      default:
        return Future.exception(new RuntimeException("boom"));
    }
  }

  static void client(String dest) throws Exception {
    Service<ThriftClientRequest, byte[]> c =
        ((ThriftMux.Client) ThriftMux.client().withClientId(new ClientId("peer-client")).configured(frame(), frameParam()))
            .newService(dest, "peer");
    say("ready");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null && !line.equals("quit"); ) {
      String[] w = line.split(" ", 4);
      new Run(c, w[0], Integer.parseInt(w[1]), Integer.parseInt(w[2]), w[3]).run();
    }
    Await.ready(c.close());
  }

  /** A number of calls, some of them at once. */
  static class Run {
    final Service<ThriftClientRequest, byte[]> to;
    final String method, value;
    final int count, at;
    final Semaphore room;
    final AtomicLong ok = new AtomicLong(), bad = new AtomicLong();
    final ConcurrentHashMap<String, Integer> errors = new ConcurrentHashMap<>();

    Run(Service<ThriftClientRequest, byte[]> to, String method, int count, int at, String value) {
      this.to = to;
      this.method = method;
      this.value = value;
      this.count = count;
      this.at = at;
      this.room = new Semaphore(at);
    }

    void run() throws Exception {
      for (int i = 0; i < count; i++) {
        room.acquire();
        call(i, value.matches("x[0-9]+") ? "x".repeat(Integer.parseInt(value.substring(1))) + i : value);
      }
      room.acquire(at);
      say("done ok=" + ok + " bad=" + bad + " " + errors);
    }

    void call(int seq, String v) throws Exception {
      Future<byte[]> f = to.apply(new ThriftClientRequest(Message.write(method, TMessageType.CALL, seq, 1, v), false));
      f.respond(new Function<Try<byte[]>, BoxedUnit>() {
        @Override
        public BoxedUnit apply(Try<byte[]> t) {
          String error = wrong(t, seq, v);
          if (error == null) {
            ok.incrementAndGet();
          } else {
            bad.incrementAndGet();
            errors.merge(error, 1, Integer::sum);
          }
          room.release();
          return BoxedUnit.UNIT;
        }
      });
      if (method.equals("never")) {
        Thread.sleep(200);
        f.raise(new RuntimeException("given up"));
      }
    }

    static String wrong(Try<byte[]> t, int seq, String v) {
      if (!t.isReturn()) {
        String text = ((Throw<byte[]>) t).e().toString();
        return text.substring(0, Math.min(text.length(), 60)); // the rest has numbers of its own
      }
      try {
        Message m = Message.read(t.get());
        if (m.type != TMessageType.REPLY) {
          return "exception " + m.value;
        }
        return m.seq == seq && v.equals(m.value) ? null : "another call's reply";
      } catch (Exception e) {
        return "undecodable " + e;
      }
    }
  }

  /** A Thrift message whose struct has one string. */
  static class Message {
    String name, value;
    byte type;
    int seq;

    static byte[] write(String name, byte type, int seq, int field, String value) throws Exception {
      TMemoryBuffer b = new TMemoryBuffer(64);
      TBinaryProtocol p = new TBinaryProtocol(b);
      p.writeMessageBegin(new TMessage(name, type, seq));
      p.writeStructBegin(new TStruct(""));
      p.writeFieldBegin(new TField("", TType.STRING, (short) field));
      p.writeString(value);
      p.writeFieldStop();
      byte[] out = new byte[b.length()];
      System.arraycopy(b.getArray(), 0, out, 0, out.length);
      return out;
    }

    static Message read(byte[] in) throws Exception {
      TBinaryProtocol p = new TBinaryProtocol(new TMemoryInputTransport(in));
      TMessage begin = p.readMessageBegin();
      Message m = new Message();
      m.name = begin.name;
      m.type = begin.type;
      m.seq = begin.seqid;
      p.readStructBegin();
      for (TField f = p.readFieldBegin(); f.type != TType.STOP; f = p.readFieldBegin()) {
        if (f.type == TType.STRING) {
          m.value = p.readString();
        } else {
          TProtocolUtil.skip(p, f.type);
        }
      }
      return m;
    }
  }

  static Mux$param$MaxFrameSize frame() {
    return new Mux$param$MaxFrameSize(StorageUnit.fromBytes(Long.getLong("max.frame", Integer.MAX_VALUE)));
  }

  static Stack.Param<Mux$param$MaxFrameSize> frameParam() {
    return Mux$param$MaxFrameSize$.MODULE$.param();
  }

  static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
