using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace ConntrackConsole.Kernel.Namespaces;

/// <summary>
/// A named network namespace (ip-netns(8): a bind mount under /run/netns, so that `ip netns exec NAME` works) with one
/// thread that lives inside it. What has to happen inside (sockets, child processes, /proc/sys/net) is run on that thread.
/// </summary>
/// <remarks>
/// A namespace belongs to a thread, not to a process. The thread never goes back to the pool, so nothing else can find
/// itself in here by accident; and it lives until <see cref="Dispose"/>, which matters to children that it started with
/// PR_SET_PDEATHSIG: that signal fires when the thread that forked ends, not when the process does.
/// </remarks>
public sealed class NetworkNamespace : IDisposable
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

    /// <summary>Makes a new, empty namespace.</summary>
    /// <exception cref="IOException">It exists, or root's rights are missing.</exception>
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
                    throw NamespaceCalls.Failed("make a network namespace");
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

    /// <summary>Enters a namespace that exists.</summary>
    /// <exception cref="IOException">There is none of this name, or root's rights are missing.</exception>
    public static NetworkNamespace Open(string name) => new(name, () =>
    {
        using var handle = File.OpenHandle(PathOf(name));
        if (NamespaceCalls.SetNs(handle, NamespaceCalls.CLONE_NEWNET) < 0)
            throw NamespaceCalls.Failed($"enter the network namespace {name}");
    });

    /// <summary>A thread of its own in the namespace of the calling thread, which may have no name under <see cref="Directory"/>.</summary>
    public static NetworkNamespace OfThisThread() => new("(this)", () => { }); // New threads inherit the namespace.

    /// <summary>
    /// Removes the name. The namespace itself ends with its last process, thread and socket. Nothing happens where there is
    /// no such name.
    /// </summary>
    public static void Delete(string name)
    {
        _ = PathOf(name);
        NamespaceDirectory.Remove(Directory, name);
    }

    /// <summary>The names that begin with <paramref name="prefix"/>.</summary>
    public static IReadOnlyList<string> List(string prefix) => System.IO.Directory.Exists(Directory)
        ? [.. System.IO.Directory.EnumerateFiles(Directory).Select(path => Path.GetFileName(path))
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Runs something inside and waits for it; its exception comes back to the caller.</summary>
    /// <exception cref="ObjectDisposedException">The namespace was left already.</exception>
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
            throw new ObjectDisposedException(nameof(NetworkNamespace), $"The namespace {Name} was left already.");
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

    /// <summary>Ends the thread. The name stays until <see cref="Delete"/>.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
    }

    private static string PathOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('/', StringComparison.Ordinal) || name is "." or "..")
            throw new ArgumentException($"'{name}' is no name for a network namespace.", nameof(name));
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
