import java.util.*;
import java.util.concurrent.*;

// Checks is what both Java clients share: the arguments and how checks are told.
// usage: java CLIENT HOST PORT RESP single|cluster PREFIX
class Checks {
    interface Check { void run() throws Exception; }

    static String host, mode, P;
    static int port, resp, passed, failed;

    static void begin(String[] args) {
        host = args[0];
        port = Integer.parseInt(args[1]);
        resp = Integer.parseInt(args[2]);
        mode = args[3];
        P = args[4];
    }

    static boolean cluster() { return mode.equals("cluster"); }

    static void check(String name, Check c) {
        try {
            c.run();
            passed++;
            System.out.println("ok " + name);
        } catch (Throwable e) {
            failed++;
            Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
            String at = "";
            for (StackTraceElement s : e.getStackTrace())
                if (s.getClassName().endsWith("Client")) { at = " (" + s + ")"; break; }
            String text = String.valueOf(cause).replaceAll("\\s+", " ");
            System.out.println("not ok " + name + ": " + text.substring(0, Math.min(400, text.length())) + at);
        }
    }

    static void end(String name) {
        System.out.println(name + " RESP" + resp + " " + mode + ": " + passed + " passed, " + failed + " failed");
        System.out.flush();
        Runtime.getRuntime().halt(failed > 0 || passed == 0 ? 1 : 0);
    }

    static void eq(Object got, Object want) {
        if (!Objects.equals(got, want)) {
            String g = String.valueOf(got), w = String.valueOf(want);
            throw new AssertionError("got " + g.substring(0, Math.min(200, g.length())) + ", want " + w.substring(0, Math.min(200, w.length())));
        }
    }

    static void raises(String text, Callable<?> f) throws Exception {
        Object got;
        try {
            got = f.call();
        } catch (Exception e) {
            if (!String.valueOf(e).contains(text)) throw new AssertionError("error " + e + ", want one with " + text);
            return;
        }
        throw new AssertionError("got " + got + ", want an error with " + text);
    }

    // 8 MiB that looks like a reply.
    static byte[] big() {
        byte[] pattern = "\0\r\n$-1\r\n".getBytes(), b = new byte[8 << 20];
        for (int i = 0; i < b.length; i++) b[i] = pattern[i % pattern.length];
        return b;
    }
}
