using System.Globalization;
using ConntrackConsole.Lab.Processes;
using ConntrackConsole.Lab.Scenarios;

namespace ConntrackConsole.Lab.Cli;

/// <summary>A command on the lab's standard input.</summary>
internal abstract record ControlLine
{
    public sealed record Run(Scenario Scenario) : ControlLine;

    public sealed record Invalid(int Segments) : ControlLine;

    public sealed record Abort(string How) : ControlLine;

    /// <summary>Rolls out an image that does not exist, then undoes it.</summary>
    public sealed record BadImage : ControlLine;

    /// <summary>Restarts the API server.</summary>
    public sealed record RestartApi(int DownSeconds) : ControlLine;

    /// <summary>Deletes the object of node2; its pods are garbage-collected.</summary>
    public sealed record DeleteNode : ControlLine;

    public sealed record DeleteNamespace : ControlLine;

    /// <summary>Scales the StatefulSet, which the first command creates; restarts its pods if no number is given.</summary>
    public sealed record StatefulSet(int? Replicas) : ControlLine;

    /// <summary>Kills the collectors, and starts them again after a while.</summary>
    public sealed record Gap(int Seconds) : ControlLine;

    public sealed record Quit : ControlLine;

    /// <summary>Null for an unknown command; the caller then lists the valid ones.</summary>
    public static ControlLine? TryParse(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["rollout"] => new Run(ScenarioRegistry.Healthy),
        ["rollout", var name] when ScenarioRegistry.TryParse(name) is RolloutScenario rollout => new Run(rollout),
        ["scenario", var name] when ScenarioRegistry.TryParse(name) is { } scenario => new Run(scenario),
        ["invalid"] => new Invalid(1),
        ["invalid", var text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is > 0 and <= 1000 =>
            new Invalid(count),
        ["abort"] => new Abort("linger"),
        ["abort", "unread"] => new Abort("unread"),
        ["bad-image"] => new BadImage(),
        ["restart-api"] => new RestartApi(4),
        ["restart-api", var text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is > 0 and <= 600 =>
            new RestartApi(seconds),
        ["delete-node"] => new DeleteNode(),
        ["statefulset", "restart"] => new StatefulSet(null),
        ["statefulset", var text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int replicas) && replicas is >= 0 and <= 9 =>
            new StatefulSet(replicas),
        ["delete-namespace"] => new DeleteNamespace(),
        ["gap"] => new Gap(5),
        ["gap", var text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is > 0 and <= 600 => new Gap(seconds),
        ["quit"] => new Quit(),
        _ => null,
    };
}

/// <summary>Reads control lines until standard input ends.</summary>
internal sealed class ControlLines(Func<ControlLine, Task> execute, CancellationTokenSource quit, Action<string> print)
{
    public void Start()
    {
        // In a terminal's background a read would stop the whole process (SIGTTIN).
        if (!Console.IsInputRedirected && ProcessCalls.ForegroundGroup(0) != ProcessCalls.OwnGroup())
            return;
        new Thread(Read) { IsBackground = true, Name = "control lines" }.Start();
    }

    private void Read()
    {
        while (Console.In.ReadLine() is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            switch (ControlLine.TryParse(line))
            {
                case null:
                    print($"'{line}' is not a command; use rollout [{string.Join('|', ScenarioRegistry.InTurn)}], scenario NAME (see --help), invalid [N], abort [unread], bad-image, restart-api [SECONDS], delete-node, delete-namespace, statefulset N|restart, gap [SECONDS], quit.");
                    break;
                case ControlLine.Quit:
                    quit.Cancel();
                    return;
                case var command:
                    _ = ExecuteAsync(command);
                    break;
            }
        }
    }

    private async Task ExecuteAsync(ControlLine command)
    {
        try
        {
            await execute(command);
        }
        catch (Exception e)
        {
            print($"The command failed: {e.Message}");
        }
    }
}
