namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>
/// The node of a pod fell silent, and what other nodes see of all of its pods since. A collector that ends, or is replaced, ends its
/// connection first, or its node's kernel does: a connection that stays open without a frame is one to a node that sends nothing any more, or to
/// which the network is cut. Which of the two, the connections of its pods decide.
/// </summary>
/// <param name="Node">The node.</param>
/// <param name="SinceMs">Its last frame; milliseconds of Unix time.</param>
/// <param name="Pods">Number of its pods to which connections back off.</param>
/// <param name="Observers">Number of other nodes that see that.</param>
/// <param name="Answering">Number of its pods that answered since, or may have.</param>
internal sealed record NodeSilence(string Node, long SinceMs, int Pods, int Observers, int Answering)
{
    /// <summary>A single pod may have failed alone, while its node is only cut off from the console.</summary>
    public const int MinPods = 2;

    /// <summary>A client that vanished while it received leaves unacknowledged data too, of which the live pod is the sender: clients of one node may have gone.</summary>
    public const int MinObservers = 2;

    /// <summary>The node is lost: connections to several of its pods from several nodes back off, and none of its pods answers.</summary>
    public bool IsProven => Pods >= MinPods && Observers >= MinObservers && Answering == 0;
}
