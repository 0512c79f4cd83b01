namespace ConntrackConsole.Collector.KubeProxy;

/// <summary>The health port of kube-proxy (:10256), which answers whether or not its metrics do.</summary>
/// <param name="Status">HTTP status of /healthz; 0 = no answer.</param>
/// <param name="Eligible">nodeEligible of its body: false on a node that is to be deleted, where 503 is on purpose; null if the body has none.</param>
/// <param name="LiveStatus">HTTP status of /livez, which is only asked where /healthz answers 503; 0 = not asked, or no answer.</param>
internal readonly record struct KubeProxyHealth(ushort Status, bool? Eligible, ushort LiveStatus)
{
    /// <summary>True if something answered.</summary>
    public bool Answers => Status != 0 || LiveStatus != 0;

    /// <summary>Finds nodeEligible in a body such as {"lastUpdated": "…","currentTime": "…","nodeEligible": false}.</summary>
    public static bool? EligibleOf(ReadOnlySpan<byte> body)
    {
        int at = body.IndexOf("\"nodeEligible\""u8);
        if (at < 0)
            return null;
        var value = body[(at + "\"nodeEligible\"".Length)..].TrimStart(" :\t"u8);
        return value.StartsWith("true"u8) ? true : value.StartsWith("false"u8) ? false : null;
    }
}
