using System.CommandLine;
using System.CommandLine.Parsing;
using ConntrackConsole.Collector.Observation.Flows;
using ConntrackConsole.Collector.Observation.Resets;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Collector.Cli;

/// <summary>Options shared by several commands, parsed strictly.</summary>
internal static class Options
{
    public static Option<bool> Json(string description) => new("--json") { Description = description };

    public static Option<Cidr[]> PodCidr() => new("--pod-cidr")
    {
        Description = "An address range of pods, such as 10.244.0.0/16: direct flows to them are counted per pod. May be given several times.",
        HelpName = "CIDR",
        CustomParser = result => [.. result.Tokens.Select(token => Parse(result, token.Value, Cidr.Parse))],
    };

    public static Option<ResetChoice> Resets() => new("--resets")
    {
        Description = "How TCP resets are observed: trace (the kernel's tracepoints), packet (a packet socket), both, or auto: "
            + "trace; with packet too before Linux 6.10, which traces only resets that a socket sends; packet alone if tracepoints are unavailable. "
            + "'capabilities' lists what each cannot see.",
        HelpName = "auto|trace|packet|both",
        CustomParser = result => Parse(result, result.Tokens[0].Value, text => text switch
        {
            "auto" => ResetChoice.Auto,
            "trace" => ResetChoice.Trace,
            "packet" => ResetChoice.Packet,
            "both" => ResetChoice.Both,
            _ => throw new FormatException($"'{text}' is not one of auto, trace, packet and both."),
        }),
    };

    public static Option<string> State() => new("--state")
    {
        Description = "Directory of the journal.",
        DefaultValueFactory = _ => "/var/lib/conntrack-collector",
        HelpName = "DIR",
    };

    public static Option<Ip?> PodIp(bool required) => new("--pod-ip")
    {
        Description = "The pod's address: matched against the source of the reply tuple, which is the pod in a Service's flow.",
        HelpName = "IP",
        Required = required,
        CustomParser = result => Parse(result, result.Tokens[0].Value, text => (Ip?)Ip.Parse(text)),
    };

    public static Option<(Ip Vip, ushort Port)?> Service() => new("--service")
    {
        Description = "A Service's address and port, such as 10.96.0.10:80 or [fd00::10]:80.",
        HelpName = "IP:PORT",
        CustomParser = result => Parse(result, result.Tokens[0].Value, ParseService),
    };

    private static (Ip Vip, ushort Port)? ParseService(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon > 0 ? text[..colon] : "";
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        return Ip.TryParse(host, out var vip) && ushort.TryParse(text.AsSpan(colon + 1), out ushort port)
            ? (vip, port)
            : throw new FormatException($"'{text}' is not an address and port such as 10.96.0.10:80.");
    }

    private static T? Parse<T>(ArgumentResult result, string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException failure)
        {
            result.AddError(failure.Message);
            return default;
        }
    }
}
