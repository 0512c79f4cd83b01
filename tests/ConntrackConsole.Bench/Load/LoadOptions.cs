using System.Globalization;

namespace ConntrackConsole.Bench.Load;

/// <summary>What a load is made of.</summary>
/// <param name="Console">A published console: its folder or its program.</param>
/// <param name="Against">An earlier one, to compare with.</param>
/// <param name="Readers">How many read 15 minutes of one Service.</param>
/// <param name="Whole">How many read 15 minutes of the whole cluster.</param>
/// <param name="Pages">How many live pages are open: half of the whole cluster, half of a Service each.</param>
/// <param name="Rounds">How often the console and the earlier one are loaded in turn.</param>
/// <param name="JitterSeconds">A lost connection is opened again after a random delay up to this.</param>
/// <param name="KeptSeconds">When a node first connects, it has kept frames of this long, as if the console had been away.</param>
internal sealed record LoadOptions(
    string Console, string? Against = null, int Nodes = 200, int Readers = 0, int Whole = 0, int Pages = 0, int Services = 1_000, int Seconds = 60, int JitterSeconds = 30, bool Restart = false, int Rounds = 1,
    int KeptSeconds = 0)
{
    public const string Usage =
        "load --nodes N [--readers R] [--whole R] [--pages P] [--services S] [--seconds S] [--restart] [--jitter SECONDS] [--console PATH] [--against PATH] [--rounds N]";

    private const string Published = "artifacts/publish/ConntrackConsole/release";

    // Key frames and the time before and after the steady state included.
    private const int FrameBytes = 600;
    private const int MoreSeconds = 900;

    /// <summary>The console's limit of stored frames: its default, or what this load makes, because a frame that retention deletes cannot be counted.</summary>
    public long FrameMiB => Math.Max(2_048, (long)Nodes * (Seconds + MoreSeconds) * FrameBytes / 1024 / 1024);

    /// <returns>False with the reason.</returns>
    public static bool TryParse(IReadOnlyList<string> arguments, out LoadOptions options, out string? fault)
    {
        options = new LoadOptions(Published);
        fault = null;
        for (int i = 0; i < arguments.Count && fault is null; i++)
        {
            string name = arguments[i];
            if (name == "--restart")
            {
                options = options with { Restart = true };
                continue;
            }

            string? value = i + 1 < arguments.Count ? arguments[++i] : null;
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            switch (name)
            {
                case "--nodes" when isNumber && number is >= 2 and <= 10_000:
                    options = options with { Nodes = number };
                    break;
                case "--readers" when isNumber && number <= 1_000:
                    options = options with { Readers = number };
                    break;
                case "--whole" when isNumber && number <= 1_000:
                    options = options with { Whole = number };
                    break;
                case "--pages" when isNumber && number <= 1_000:
                    options = options with { Pages = number };
                    break;
                case "--services" when isNumber && number is >= 10 and <= 10_000:
                    options = options with { Services = number };
                    break;
                case "--seconds" when isNumber && number is > 0 and <= 86_400:
                    options = options with { Seconds = number };
                    break;
                case "--jitter" when isNumber && number <= 600:
                    options = options with { JitterSeconds = number };
                    break;
                case "--rounds" when isNumber && number is > 0 and <= 100:
                    options = options with { Rounds = number };
                    break;
                case "--console" when value is not null:
                    options = options with { Console = value };
                    break;
                case "--against" when value is not null:
                    options = options with { Against = value };
                    break;
                default:
                    fault = $"'{name} {value}' is not understood: {Usage}.";
                    break;
            }
        }

        foreach (string? console in (string?[])[options.Console, options.Against])
        {
            if (fault is null && console is not null && !File.Exists(console) && !File.Exists(Path.Combine(console, "conntrack-console")))
                fault = $"{console} is not a published console: run 'dotnet publish src/ConntrackConsole -c Release' first, or name it with --console.";
        }

        return fault is null;
    }
}
