using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace ConntrackConsole.Kernel.Namespaces;

/// <summary>
/// A named network namespace (ip-netns(8): a bind mount under /run/netns, so that `ip netns exec NAME` works) with one
/// thread inside it. Work that must happen inside (sockets, child processes, /proc/sys/net) runs on that thread.
/// </summary>
/// <remarks>
/// A namespace belongs to a thread, not to a process. The thread never returns to the pool, so no other work can run in the
/// namespace by accident. It lives until <see cref="Dispose"/>, which matters to children started with
/// PR_SET_PDEATHSIG: that signal fires when the thread that forked exits, not when the process does.
/// </remarks>
internal sealed class NetworkNamespace : IDisposable
{
    /// <summary>Where named namespaces are mounted.</summary>
    public const string Directory = "/run/netns";

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    private NetworkNamespace(string name, Action enter)
    {
        Name = name;
        var entered = new TaskCompletionSource();
        _thread = new Thread(() => Live(enter, entered)) { IsBackground = true, Name = name };
        _thread.Start();
        entered.Task.GetAwaiter().GetResult();
    }

    /// <summary>The name under <see cref="Directory"/>.</summary>
    public string Name { get; }

    /// <summary>The path of the mount, such as /run/netns/node1.</summary>
    public string FilePath => PathOf(Name);

    /// <summary>Creates a new, empty namespace.</summary>
    /// <exception cref="IOException">The name exists, or root privileges are missing.</exception>
    public static NetworkNamespace Create(string name)
    {
        string path = PathOf(name);
        NamespaceDirectory.Prepare(Directory);
        using (new FileStream(path, FileMode.CreateNew))
        {
        }

        try
        {
            return new NetworkNamespace(name, () =>
            {
                if (NamespaceCalls.Unshare(NamespaceCalls.CLONE_NEWNET) < 0)
                    throw NamespaceCalls.Failed("create a network namespace");
                if (NamespaceCalls.Mount("/proc/thread-self/ns/net", path, "none", NamespaceCalls.MS_BIND, 0) < 0)
                    throw NamespaceCalls.Failed($"mount a network namespace at {path}");
            });
        }
        catch
        {
            NamespaceDirectory.Remove(Directory, name);
            throw;
        }
    }

    /// <summary>Enters an existing namespace.</summary>
    /// <exception cref="IOException">The name does not exist, or root privileges are missing.</exception>
    public static NetworkNamespace Open(string name) => new(name, () =>
    {
        using var handle = File.OpenHandle(PathOf(name));
        if (NamespaceCalls.SetNs(handle, NamespaceCalls.CLONE_NEWNET) < 0)
            throw NamespaceCalls.Failed($"enter the network namespace {name}");
    });

    /// <summary>A new thread in the namespace of the calling thread, which need not have a name under <see cref="Directory"/>.</summary>
    public static NetworkNamespace OfThisThread() => new("(this)", () => { }); // New threads inherit the namespace.

    /// <summary>
    /// Removes the name. The namespace itself ends with its last process, thread and socket. A missing name is
    /// no error.
    /// </summary>
    public static void Delete(string name)
    {
        _ = PathOf(name);
        NamespaceDirectory.Remove(Directory, name);
    }

    /// <summary>The names with the prefix <paramref name="prefix"/>.</summary>
    public static IReadOnlyList<string> List(string prefix) => System.IO.Directory.Exists(Directory)
        ? [.. System.IO.Directory.EnumerateFiles(Directory).Select(path => Path.GetFileName(path))
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Runs an action inside and waits for it; its exception is rethrown to the caller.</summary>
    /// <exception cref="ObjectDisposedException">The thread has ended.</exception>
    public T Run<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var result = default(T)!;
        ExceptionDispatchInfo? failure = null;
        using var done = new ManualResetEventSlim();
        try
        {
            _work.Add(() =>
            {
                try
                {
                    result = work();
                }
                catch (Exception e)
                {
                    failure = ExceptionDispatchInfo.Capture(e);
                }
                finally
                {
                    done.Set();
                }
            });
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(NetworkNamespace), $"The thread of namespace {Name} has ended.");
        }

        done.Wait();
        failure?.Throw();
        return result;
    }

    /// <summary>As <see cref="Run{T}"/>, without a result.</summary>
    public void Run(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        Run(() =>
        {
            work();
            return true;
        });
    }

    /// <summary>Ends the thread. The name remains until <see cref="Delete"/>.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
    }

    private static string PathOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('/', StringComparison.Ordinal) || name is "." or "..")
            throw new ArgumentException($"'{name}' is not a valid name for a network namespace.", nameof(name));
        return Path.Combine(Directory, name);
    }

    private void Live(Action enter, TaskCompletionSource entered)
    {
        try
        {
            enter();
        }
        catch (Exception e)
        {
            entered.SetException(e);
            return;
        }

        entered.SetResult();
        foreach (var work in _work.GetConsumingEnumerable())
            work();
    }
}
