using ConntrackConsole.Tests.Integration.Hosting;
using System.Diagnostics;
using System.Net.Sockets;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kernel.Namespaces;

namespace ConntrackConsole.EndToEnd.Outages;

/// <summary>Console and collector as separate processes, to be killed.</summary>
internal static class OutageProcesses
{
    /// <param name="kubeconfig">Null: no cluster.</param>
    /// <param name="url">The console's URL for users.</param>
    /// <param name="links">Sign-in links; none: the default link.</param>
    public static async Task<Process> ConsoleAsync(DirectoryInfo folder, string? kubeconfig = null, string url = "http://127.0.0.1:0", params SignInLinkOptions[] links)
    {
        string socket = Path.Combine(folder.FullName, "c.sock");
        File.Delete(socket);
        string[] signIn = links.Length > 0 ? [] : [$"--Identity:SignInToken={ConsoleHost.SignInToken}"];
        // The command line cannot express a list.
        var environment = links.SelectMany((link, i) => new (string, string?)[]
        {
            ($"Identity__Links__{i}__Name", link.Name), ($"Identity__Links__{i}__Role", link.Role), ($"Identity__Links__{i}__Token", link.Token),
        });
        var console = Start(null, Programs.Console,
        [
            $"--Urls={url}", $"--Storage:DataDirectory={folder.FullName}", kubeconfig is null ? "--Kubernetes:Enabled=false" : $"--Kubernetes:Kubeconfig={kubeconfig}",
            $"--Collectors:Token={ConsoleHost.Token}", $"--Collectors:Socket={socket}", .. signIn,
        ], environment);
        await Eventually.TrueAsync(() => Listens(socket));
        return console;
    }

    // The file exists a moment before the console listens.
    private static bool Listens(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public static Process Collector(NetworkNamespace inside, DirectoryInfo folder, string node, params string[] more) =>
        Start(inside, Programs.Collector, Line(folder, node, "state", more));

    /// <summary>The collector of one of several nodes of a console.</summary>
    public static Process CollectorOfMany(NetworkNamespace inside, DirectoryInfo folder, string node) =>
        Start(inside, Programs.Collector, Line(folder, node, $"state-{node}"));

    /// <summary>A command on one of several nodes.</summary>
    public static Process CommandOf(NetworkNamespace inside, DirectoryInfo folder, string node, params string[] command) =>
        Start(inside, Programs.Collector, [.. command, "--state", Path.Combine(folder.FullName, $"state-{node}")]);

    private static string[] Line(DirectoryInfo folder, string node, string state, params string[] more) =>
        ["run", "--console", $"unix:{folder.FullName}/c.sock", "--node", node, "--state", Path.Combine(folder.FullName, state), .. more];

    /// <summary>kill -9; of several at the same moment.</summary>
    public static async Task KillAsync(params Process[] processes)
    {
        foreach (var process in processes)
            process.Kill();
        foreach (var process in processes)
        {
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private static Process Start(
        NetworkNamespace? inside, string program, string[] arguments, IEnumerable<(string Name, string? Value)>? environment = null)
    {
        var start = Programs.ShortLived(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["CONNTRACK_CONSOLE_TOKEN"] = ConsoleHost.Token },
        });
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        var process = inside is null ? Process.Start(start)! : inside.Run(() => Process.Start(start)!);
        // A pipe that is not read would block the process.
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
