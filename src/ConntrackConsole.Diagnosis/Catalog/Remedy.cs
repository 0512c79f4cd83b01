namespace ConntrackConsole.Diagnosis.Catalog;

/// <summary>What one can do. The first group is an action of this product; the second a change of a manifest, the third of something else.</summary>
internal enum RemedyAction
{
    /// <summary>Nothing is to be done.</summary>
    None,
    /// <summary>Flush of all entries with the pod's address as backend, on every node.</summary>
    FlushPodIp,
    /// <summary>The same, limited to entries of the Service.</summary>
    FlushService,
    /// <summary>A sysctl or another setting of <see cref="Wire.SettingCatalog"/>.</summary>
    SetSetting,

    /// <summary>A preStop hook that sleeps.</summary>
    SetPreStop,
    /// <summary>terminationGracePeriodSeconds.</summary>
    SetGrace,
    /// <summary>More replicas, or another pod for the Service.</summary>
    AddEndpoints,

    /// <summary>Keep-alive of client or server.</summary>
    KeepAlive,
    /// <summary>kube-proxy.</summary>
    RepairKubeProxy,
    /// <summary>The node, its network or its route.</summary>
    RepairNode,
    /// <summary>A switch of the kernel that is not in <see cref="Wire.SettingCatalog"/>.</summary>
    SetSysctl,
    /// <summary>Another program or rule on the node.</summary>
    ChangeNode,
}

/// <summary>Something that helps.</summary>
/// <param name="Setting">Name of the setting, for <see cref="RemedyAction.SetSetting"/> and <see cref="RemedyAction.SetSysctl"/>.</param>
/// <param name="Value">Its value; null = higher than now.</param>
/// <param name="Seconds">Length of a sleep, a period or an interval; null = unknown.</param>
internal sealed record Remedy(RemedyAction Action, string? Setting = null, string? Value = null, int? Seconds = null)
{
    public static readonly Remedy FlushPodIp = new(RemedyAction.FlushPodIp);
    public static readonly Remedy FlushService = new(RemedyAction.FlushService);
    public static readonly Remedy Nothing = new(RemedyAction.None);
}

/// <summary>Something that makes it worse, or that people try in vain.</summary>
/// <param name="Why">Such as "do not flush: the pod is alive".</param>
internal sealed record HarmfulRemedy(RemedyAction Action, string Why, string? Setting = null);
