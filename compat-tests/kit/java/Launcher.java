// Runs the main classes of Kafka's tools one after another or side by side in one JVM, for a JVM's start costs more than most tools' work.
//
// stdin, each request: int id, int number of words, the words (int length, UTF-8); the first word is the main class.
// stdout, each answer: int id, int exit status, stdout, stderr (int length, bytes). The end of stdin is the end of us.

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.utils.Exit;

public class Launcher {
    /** What a tool throws in place of ending the JVM. */
    static final class Exited extends Error {
        final int status;

        Exited(int status) {
            super("exit " + status, null, false, false);
            this.status = status;
        }
    }

    /** Writes to the buffer of the call that the thread, or the thread that started it, works for. */
    static final class PerCall extends OutputStream {
        final InheritableThreadLocal<ByteArrayOutputStream> buffer = new InheritableThreadLocal<>();

        @Override
        public void write(int b) {
            ByteArrayOutputStream it = buffer.get();
            if (it != null) it.write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            ByteArrayOutputStream it = buffer.get();
            if (it != null) it.write(bytes, from, length);
        }
    }

    public static void main(String[] args) throws Exception {
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(System.out);
        PerCall stdout = new PerCall();
        PerCall stderr = new PerCall();
        // Before any class of Scala is loaded, for its Console keeps the stream that it finds.
        System.setOut(new PrintStream(stdout, true));
        System.setErr(new PrintStream(stderr, true));
        Exit.Procedure exit = (status, message) -> {
            if (message != null) System.err.println(message);
            throw new Exited(status);
        };
        Exit.setExitProcedure(exit);
        Exit.setHaltProcedure(exit);
        while (true) {
            int id;
            try {
                id = in.readInt();
            } catch (EOFException end) {
                Runtime.getRuntime().halt(0);
                return;
            }
            String[] words = new String[in.readInt()];
            for (int i = 0; i < words.length; i++) {
                words[i] = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
            }
            new Thread(() -> call(id, words, stdout, stderr, out), "call-" + id).start();
        }
    }

    private static void call(int id, String[] words, PerCall stdout, PerCall stderr, DataOutputStream out) {
        ByteArrayOutputStream o = new ByteArrayOutputStream();
        ByteArrayOutputStream e = new ByteArrayOutputStream();
        stdout.buffer.set(o);
        stderr.buffer.set(e);
        int status = 0;
        try {
            Class.forName(words[0])
                .getMethod("main", String[].class)
                .invoke(null, (Object) Arrays.copyOfRange(words, 1, words.length));
        } catch (Throwable thrown) {
            Throwable cause = thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
            if (cause instanceof Exited) {
                status = ((Exited) cause).status;
            } else {
                cause.printStackTrace();
                status = 1;
            }
        }
        System.out.flush();
        System.err.flush();
        synchronized (out) {
            try {
                out.writeInt(id);
                out.writeInt(status);
                for (ByteArrayOutputStream bytes : new ByteArrayOutputStream[] {o, e}) {
                    out.writeInt(bytes.size());
                    bytes.writeTo(out);
                }
                out.flush();
            } catch (Exception gone) {
                Runtime.getRuntime().halt(1);
            }
        }
    }
}
