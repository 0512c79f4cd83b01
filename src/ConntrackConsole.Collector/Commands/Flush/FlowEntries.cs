using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ConntrackConsole.Kernel.Conntrack;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Commands.Flush;

/// <summary>Converts flows for the console and for output.</summary>
internal static class FlowEntries
{
    public static FlowEntry Of(in Flow flow, FlushEffect? effect = null)
    {
        bool ports = !Protocols.IsPortless(flow.Orig.Proto);
        return new FlowEntry(
            Protocols.Name(flow.Orig.Proto), flow.StateName,
            flow.Orig.Src.ToString(), ports ? flow.Orig.Sport : null, flow.Orig.Dst.ToString(), ports ? flow.Orig.Dport : null,
            flow.Reply.Src.ToString(), ports ? flow.Reply.Sport : null, flow.Reply.Dst.ToString(), ports ? flow.Reply.Dport : null,
            flow.Zone, flow.Id, flow.TimeoutSeconds ?? 0, (uint)flow.Status, effect);
    }

    /// <summary>SHA-256 of the request and the identity of each entry, in order: both tuples, zone and id.</summary>
    public static string Digest(Ip podIp, FlushFilter filter, IReadOnlyList<Flow> flows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add($"{podIp}|{filter.Preset}|{filter.Proto}|{filter.Vip}|{filter.Vport}\n");
        foreach (var flow in flows)
            Add($"{flow.Orig}|{flow.Reply}|{flow.Orig.Dport}|{flow.Zone}|{flow.Id}\n");
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(FormattableString text) => hash.AppendData(Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture)));
    }
}
