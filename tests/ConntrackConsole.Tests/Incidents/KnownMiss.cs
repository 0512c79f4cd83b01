using ConntrackConsole.Tests.Architecture;

namespace ConntrackConsole.Tests.Incidents;

/// <summary>Something that really happened in a recorded incident, and that is neither named nor said to be unknown.</summary>
internal sealed record KnownMiss(string File, string Code, string Service, string Reason)
{
    /// <summary>How many the list has. Only ever lowered.</summary>
    public const int Most = 1;

    /// <summary>Of tests/accuracy/known-misses.txt: file, code and Service, then the reason.</summary>
    public static IReadOnlyList<KnownMiss> All { get; } =
    [
        .. from line in System.IO.File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "tests", "accuracy", "known-misses.txt"))
           where line.Length > 0 && line[0] != '#'
           let parts = line.Split(' ', 4)
           select new KnownMiss(parts[0], parts[1], parts[2], parts[3]),
    ];
}
