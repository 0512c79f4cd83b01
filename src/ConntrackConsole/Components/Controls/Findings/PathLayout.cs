using ConntrackConsole.Findings.Explanation;

namespace ConntrackConsole.Components.Controls.Findings;

/// <summary>One hop of the drawing of a path, in units of its view box.</summary>
/// <param name="Y">Upper edge of its box.</param>
/// <param name="Lines">The lines below its name, broken to the width of the box.</param>
internal sealed record HopBox(PathHop Hop, int Y, int Height, string Name, IReadOnlyList<(string Text, string Kind)> Lines)
{
    /// <summary>Where its marks are, on both rails.</summary>
    public int Middle => Y + 24;
}

/// <summary>
/// Where the parts of the drawing are: a column of boxes from the client to the backend, and left of it one rail for requests and one for
/// answers. Text in SVG does not wrap: it is broken here.
/// </summary>
internal sealed class PathLayout
{
    public const int Width = 360;
    public const int BoxX = 62;
    public const int BoxWidth = Width - BoxX - 2;
    public const int RequestX = 18;
    public const int AnswerX = 42;

    private const int MaxNameLength = 37;
    private const int MaxLineLength = 46;
    private const int MaxBoldLength = 38;
    private const int Head = 48;
    private const int LineHeight = 17;
    private const int Gap = 16;

    public PathLayout(PacketPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var boxes = new List<HopBox>();
        int y = 1;
        foreach (var hop in path.Hops)
        {
            var lines = new List<(string Text, string Kind)>();
            if (hop.Address is { } address)
                lines.AddRange(Break(address, MaxLineLength - 6).Select(text => (text, "address")));
            if (hop.Note is { } note)
                lines.AddRange(Break(note, MaxLineLength).Select(text => (text, hop.Fails ? "reason" : "note")));
            if (hop.Sends is { } sends)
                lines.AddRange(Break($"Sends {sends}", MaxBoldLength).Select(text => (text, "sends")));
            int height = Head + (lines.Count * LineHeight) + (lines.Count > 0 ? 4 : 0);
            boxes.Add(new HopBox(hop, y, height, Shorten(hop.Name ?? "unknown"), lines));
            y += height + Gap;
        }

        (Boxes, Height) = (boxes, y - Gap + 1);
    }

    public IReadOnlyList<HopBox> Boxes { get; }

    public int Height { get; }

    /// <summary>How the rail of requests is drawn from a hop to the next one.</summary>
    public static string RequestRail(PathHop lower) => Rail(lower.Request);

    /// <summary>The answer is not translated back: it arrives, with another address than the Service's.</summary>
    public bool IsRaw => Boxes[(int)HopKind.Translation].Hop.Answer == HopState.Fails && Boxes[(int)HopKind.ClientNode].Hop.Answer == HopState.Passes;

    /// <summary>How the rail of answers is drawn from a hop up to the one before it.</summary>
    public string AnswerRail(int upper) => IsRaw && upper < (int)HopKind.Translation ? "raw" : Rail(Boxes[upper].Hop.Answer);

    public static int LineY(HopBox box, int line) => box.Y + Head + 8 + (line * LineHeight);

    private static string Rail(HopState state) => state switch { HopState.Passes or HopState.Fails => "passes", HopState.NotReached => "none", _ => "unsure" };

    /// <summary>The middle of a long name is left out: its ends distinguish pods of one workload.</summary>
    public static string Shorten(string name) => name.Length <= MaxNameLength ? name : $"{name[..((MaxNameLength / 2) - 2)]}…{name[^(MaxNameLength / 2)..]}";

    /// <summary>Breaks a text at its spaces; a longer word is cut.</summary>
    public static IEnumerable<string> Break(string text, int length)
    {
        string line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string rest = word;
            if (line.Length > 0 && line.Length + 1 + rest.Length > length)
            {
                yield return line;
                line = "";
            }

            while (rest.Length > length)
            {
                yield return rest[..length];
                rest = rest[length..];
            }

            line = line.Length == 0 ? rest : $"{line} {rest}";
        }

        if (line.Length > 0)
            yield return line;
    }
}
