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
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import net.sourceforge.argparse4j.inf.Namespace;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;

public class Launcher {
    /** What a tool throws in place of ending the JVM. */
    static final class Exited extends Error {
        final int status;

        Exited(int status) {
            super("exit " + status, null, false, false);
            this.status = status;
        }
    }

    /** One run of a tool: what it wrote, and the status it ended with, after which it has no more to say. */
    static final class Call {
        final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
        final List<Runnable> hooks = new CopyOnWriteArrayList<>();
        volatile Integer status;
        volatile boolean silent;
    }

    /** The call that a thread, or the thread that started it, works for. */
    static final InheritableThreadLocal<Call> CALL = new InheritableThreadLocal<>();

    /** Writes to the buffer of the thread's call. */
    static final class PerCall extends OutputStream {
        final boolean isError;

        PerCall(boolean isError) {
            this.isError = isError;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            Call call = CALL.get();
            if (call != null && !call.silent) (isError ? call.stderr : call.stdout).write(bytes, from, length);
        }
    }

    /** Loads the tools' own classes anew for each call, for some of them keep their state in static fields. */
    static final class Fresh extends URLClassLoader {
        Fresh(URL tools) {
            super(new URL[] {tools}, Launcher.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> found = findLoadedClass(name);
                if (found != null) return found;
                if (name.startsWith("org.apache.kafka.tools.")) {
                    try {
                        return findClass(name);
                    } catch (ClassNotFoundException elsewhere) {
                        // Another jar has a part of this package.
                    }
                }
                return super.loadClass(name, resolve);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(System.out);
        // Before any class of Scala is loaded, for its Console keeps the stream that it finds.
        System.setOut(new PrintStream(new PerCall(false), true));
        System.setErr(new PrintStream(new PerCall(true), true));
        Exit.Procedure exit = (status, message) -> {
            if (message != null) System.err.println(message);
            Call call = CALL.get();
            // Some tools catch what is thrown here and end once more; the first word counts.
            if (call != null && call.status == null) {
                call.status = status;
                call.silent = true;
            }
            throw new Exited(status);
        };
        Exit.setExitProcedure(exit);
        Exit.setHaltProcedure(exit);
        Exit.setShutdownHookAdder((name, hook) -> CALL.get().hooks.add(hook));
        URL tools = Class.forName("org.apache.kafka.tools.TopicCommand").getProtectionDomain().getCodeSource().getLocation();
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
            new Thread(() -> call(id, words, tools, out), "call-" + id).start();
        }
    }

    /** What its main does, but for the client, which it leaves to the end of its JVM: here that would look for its broker for ever. */
    private static void transactions(Class<?> tool, String[] args) throws Exception {
        Method build = tool.getDeclaredMethod("buildAdminClient", Namespace.class);
        Method execute = tool.getDeclaredMethod("execute", String[].class, Function.class, PrintStream.class, Time.class);
        build.setAccessible(true);
        execute.setAccessible(true);
        List<Admin> made = new ArrayList<>();
        Function<Namespace, Admin> remembered = options -> {
            try {
                made.add((Admin) build.invoke(null, options));
                return made.get(made.size() - 1);
            } catch (InvocationTargetException thrown) {
                if (thrown.getCause() instanceof Error) throw (Error) thrown.getCause();
                throw (RuntimeException) thrown.getCause();
            } catch (IllegalAccessException never) {
                throw new AssertionError(never);
            }
        };
        try {
            execute.invoke(null, args, remembered, System.out, Time.SYSTEM);
        } finally {
            made.forEach(Admin::close);
        }
    }

    private static void call(int id, String[] words, URL tools, DataOutputStream out) {
        Call call = new Call();
        CALL.set(call);
        int status = 0;
        ClassLoader loader = new Fresh(tools);
        Thread.currentThread().setContextClassLoader(loader);
        try {
            Class<?> tool = Class.forName(words[0], true, loader);
            String[] args = Arrays.copyOfRange(words, 1, words.length);
            if (tool.getSimpleName().equals("TransactionsCommand")) {
                transactions(tool, args);
            } else {
                tool.getMethod("main", String[].class).invoke(null, (Object) args);
            }
        } catch (Throwable thrown) {
            Throwable cause = thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
            if (!(cause instanceof Exited)) {
                cause.printStackTrace();
                status = 1;
            }
        }
        if (call.status != null) status = call.status;
        // What a tool leaves for the end of its JVM, some only then close their producer.
        call.silent = false;
        for (Runnable hook : call.hooks) {
            Thread thread = new Thread(hook);
            thread.setDaemon(true);
            thread.start();
            try {
                thread.join(20_000);
            } catch (InterruptedException none) {
                Thread.currentThread().interrupt();
            }
        }
        // Threads that it left behind are not heard any more.
        call.silent = true;
        synchronized (out) {
            try {
                out.writeInt(id);
                out.writeInt(status);
                for (ByteArrayOutputStream bytes : new ByteArrayOutputStream[] {call.stdout, call.stderr}) {
                    byte[] all = bytes.toByteArray();
                    out.writeInt(all.length);
                    out.write(all);
                }
                out.flush();
            } catch (Exception gone) {
                Runtime.getRuntime().halt(1);
            }
        }
    }
}
