namespace ConntrackConsole.Components.Palette;

/// <summary>What a hit of the palette is; equally good hits are listed in this order.</summary>
internal enum PaletteKind
{
    Command,
    Incident,
    Finding,
    Service,
    Node,
    Rollout,
    Action,
    Pod,
    EndedPod,
    Address,
}

/// <summary>A hit of the palette.</summary>
/// <param name="Detail">What distinguishes it from others with the same title.</param>
/// <param name="Href">The page that it opens; null for a command of the layout.</param>
internal sealed record PaletteHit(PaletteKind Kind, string Title, string Detail, string? Href)
{
    /// <summary>The command of the layout that it runs; null if it opens a page.</summary>
    public string? Command { get; init; }

    /// <summary>Name of its kind, as it is displayed.</summary>
    public string KindName => Kind switch
    {
        PaletteKind.EndedPod => "Terminated pod",
        PaletteKind.Address => "Resets",
        _ => Kind.ToString(),
    };
}

/// <summary>Something of which there are few, with the texts by which it is found.</summary>
internal sealed record PaletteItem(PaletteHit Hit, params IReadOnlyList<string> Keys);
