using System.Diagnostics;
using System.Runtime.InteropServices;
using ConntrackConsole.Kernel.Namespaces;

namespace ConntrackConsole.Lab.Processes;

/// <summary>
/// A process started by the lab, in a namespace or in the lab's own. It always goes through the lab's own program with
/// sub-commands that bind themselves to the lab's lifetime (<see cref="ProcessCalls.DieWithParent"/>).
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly string OwnProgram = Path.Combine(AppContext.BaseDirectory, "conntrack-lab");

    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Exited { get; private init; } = null!;

    /// <summary>Starts a sub-command of the lab's own program in a namespace.</summary>
    /// <param name="networkNamespace">The namespace; its thread must live as long as the child (see <see cref="NetworkNamespace"/>).</param>
    /// <param name="arguments">The sub-command and its arguments.</param>
    /// <param name="output">Called for each line of standard output and error, on a pool thread.</param>
    /// <param name="environment">Variables in addition to the lab's own.</param>
    /// <param name="directory">Working directory.</param>
    public static ChildProcess Start(
        NetworkNamespace networkNamespace, IEnumerable<string> arguments, Action<string> output,
        IReadOnlyDictionary<string, string>? environment = null, string? directory = null)
    {
        var start = new ProcessStartInfo(OwnProgram)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add("--parent");
        start.ArgumentList.Add(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (DotnetRoot() is { } root)
            start.Environment.TryAdd("DOTNET_ROOT", root);
        start.Environment["DOTNET_TieredPGO"] = "0"; // many small processes that should start quickly
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var exited = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) => Forward(line.Data, output);
        process.ErrorDataReceived += (_, line) => Forward(line.Data, output);
        process.Exited += (_, _) => exited.TrySetResult(process.ExitCode);
        networkNamespace.Run(process.Start); // forks on the namespace's thread, so that the child inherits the namespace
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process) { Exited = exited.Task };
    }

    /// <summary>Starts another program through the lab's own (`exec-child`).</summary>
    public static ChildProcess StartProgram(
        NetworkNamespace networkNamespace, string program, IEnumerable<string> arguments, Action<string> output,
        IReadOnlyDictionary<string, string> environment, string directory) =>
        Start(networkNamespace, ["exec-child", program, .. arguments.Select(argument => $"--arg={argument}")], output, environment, directory);

    /// <summary>Writes a line to the child's standard input; no effect if it has exited.</summary>
    public void SendLine(string line)
    {
        try
        {
            lock (_process)
            {
                _process.StandardInput.WriteLine(line);
                _process.StandardInput.Flush();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
        }
    }

    public void Signal(int signal)
    {
        if (!_process.HasExited)
            _ = ProcessCalls.Kill(_process.Id, signal);
    }

    /// <summary>SIGTERM, then SIGKILL if it has not exited within the grace period.</summary>
    /// <returns>The exit code (128 + signal if a signal ended it).</returns>
    public async Task<int> StopAsync(TimeSpan grace)
    {
        Signal(ProcessCalls.SIGTERM);
        try
        {
            return await Exited.WaitAsync(grace);
        }
        catch (TimeoutException)
        {
            Signal(ProcessCalls.SIGKILL);
            return await Exited;
        }
    }

    public void Dispose()
    {
        Signal(ProcessCalls.SIGKILL);
        _process.Dispose();
    }

    private static void Forward(string? line, Action<string> output)
    {
        if (line is not null)
            output(line);
    }

    // Children must find the runtime that we run on, wherever it is installed: <root>/shared/Microsoft.NETCore.App/<version>/. Null if this
    // program is native: then the console's own rules apply.
    private static string? DotnetRoot()
    {
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Directory.Exists(Path.Combine(root, "shared")) ? root : null;
    }
}
