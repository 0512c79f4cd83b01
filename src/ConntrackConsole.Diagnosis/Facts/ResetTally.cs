using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Diagnosis.Facts;

/// <summary>
/// Counts the resets of one pod address. A reset can be observed at the sender and at the receiver: identified by its client, it
/// counts once.
/// </summary>
internal sealed class ResetTally(Ip podIp)
{
    private readonly Dictionary<(Ip, ushort), long> _unNated = [], _fromBackend = [], _refused = [], _newBackend = [], _aborts = [], _unknown = [];
    private int _other;

    public void Add(in Reset reset)
    {
        if (reset.Backend != podIp && reset.Src != podIp && reset.Dst != podIp)
            return;
        bool unknown = reset is { Kind: ResetKind.Other, Received: true, Vip.IsNone: false };
        bool byClient = unknown || reset.Kind is ResetKind.UnNated or ResetKind.ClientAbort;
        var client = byClient ? (reset.Src, reset.Sport) : (reset.Dst, reset.Dport);
        var kind = reset.Kind switch
        {
            ResetKind.UnNated => _unNated,
            ResetKind.FromBackend => _fromBackend,
            ResetKind.RefusedSyn => _refused,
            ResetKind.NewBackend => _newBackend,
            ResetKind.ClientAbort => _aborts,
            ResetKind.Other when unknown => _unknown,
            _ => null,
        };
        if (kind is null)
            _other++;
        else
            kind.TryAdd(client, reset.AtMs);
    }

    /// <param name="incomplete">Which resets are not observed where they are sent, or null.</param>
    public ResetEvidence ToEvidence(string? incomplete = null)
    {
        // The pod's socket receives the un-NATed reset too, and its node may report both.
        var aborts = _aborts.Keys.Where(client => !_unNated.ContainsKey(client)).ToHashSet();
        var unknown = _unknown.Keys.Where(client => !_unNated.ContainsKey(client) && !aborts.Contains(client)).ToHashSet();
        return new ResetEvidence
        {
            UnNated = Occurrences.At([.. _unNated.Values]),
            FromBackend = Occurrences.At([.. _fromBackend.Where(reset => !_unNated.ContainsKey(reset.Key) && !unknown.Contains(reset.Key)).Select(reset => reset.Value)]),
            FromBackendFollowing = _fromBackend.Keys.Count(_unNated.ContainsKey),
            FromBackendUnclear = _fromBackend.Keys.Count(unknown.Contains),
            RefusedSyns = Occurrences.At([.. _refused.Values]),
            NewBackend = Occurrences.At([.. _newBackend.Values]),
            ClientAborts = aborts.Count,
            UnknownSender = unknown.Count,
            Other = _other,
            Incomplete = incomplete,
        };
    }
}
