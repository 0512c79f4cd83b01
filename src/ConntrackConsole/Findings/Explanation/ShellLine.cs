namespace ConntrackConsole.Findings.Explanation;

/// <summary>Where a line is entered.</summary>
internal enum ShellPlace
{
    /// <summary>In the network namespace of a node, as root.</summary>
    Node,
    /// <summary>Where kubectl reaches the cluster.</summary>
    Cluster,
}

/// <summary>A shell line that shows a fact of a finding by hand. It changes nothing.</summary>
/// <param name="Text">The line; names are quoted.</param>
/// <param name="Place">Where it is entered.</param>
/// <param name="Node">The node, where it is entered on one; null = the client's node, which is unknown.</param>
/// <param name="Shows">What one sees if the finding is right.</param>
internal sealed record ShellLine(string Text, ShellPlace Place, string? Node, string Shows);
