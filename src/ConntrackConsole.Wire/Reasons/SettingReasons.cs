using System.ComponentModel;

namespace ConntrackConsole.Wire;

/// <summary>Codes of setting refusals and results that console and node share.</summary>
[ReasonCodes("Setting, console and node")]
internal static class SettingReasons
{
    /// <summary>The setting is not on the list of settings that may be changed.</summary>
    [Description("The setting is not on the list of settings that may be changed.")]
    public const string UnknownKey = "setting.unknown_key";

    /// <summary>The setting does not take this value.</summary>
    [Description("The setting does not take this value.")]
    public const string InvalidValue = "setting.invalid_value";

    /// <summary>The filter is removed by reverting its change, not by changing it to off.</summary>
    [Description("The filter is removed by reverting its change, not by changing it to off.")]
    public const string FilterOff = "setting.filter_off";

    /// <summary>The filter is already armed by something else.</summary>
    [Description("The filter is already armed by something else.")]
    public const string FilterArmed = "setting.filter_armed";

    /// <summary>kube-proxy already drops INVALID packets on the node.</summary>
    [Description("kube-proxy already drops INVALID packets on the node.")]
    public const string FilterRedundant = "setting.filter_redundant";

    /// <summary>The setting may only be raised.</summary>
    [Description("The setting may only be raised.")]
    public const string OnlyUp = "setting.only_up";

    /// <summary>The memory of the node cannot be read, so no larger table is allowed.</summary>
    [Description("The memory of the node cannot be read, so no larger table is allowed.")]
    public const string MemoryUnknown = "setting.memory_unknown";

    /// <summary>The table would take more memory than the node may spend on it.</summary>
    [Description("The table would take more memory than the node may spend on it.")]
    public const string MemoryExceeded = "setting.memory_exceeded";

    /// <summary>The time until the automatic revert is outside the allowed range.</summary>
    [Description("The time until the automatic revert is outside the allowed range.")]
    public const string InvalidRevertTime = "setting.invalid_revert_time";

    /// <summary>An earlier change of the setting is still open on the node.</summary>
    [Description("An earlier change of the setting is still open on the node.")]
    public const string OpenChange = "setting.open_change";

    /// <summary>kube-proxy does not run in ipvs mode on the node.</summary>
    [Description("kube-proxy does not run in ipvs mode on the node.")]
    public const string NotIpvs = "setting.not_ipvs";

    /// <summary>The current value cannot be read.</summary>
    [Description("The current value cannot be read.")]
    public const string Unreadable = "setting.unreadable";

    /// <summary>The value is no longer the previewed one.</summary>
    [Description("The value is no longer the previewed one.")]
    public const string Moved = "setting.moved";

    /// <summary>Something else has changed the value since, so it was not reverted.</summary>
    [Description("Something else has changed the value since, so it was not reverted.")]
    public const string Drifted = "setting.drifted";

    /// <summary>The node rebooted since the change, so there is nothing to revert.</summary>
    [Description("The node rebooted since the change, so there is nothing to revert.")]
    public const string Void = "setting.void";

    /// <summary>The revert is withheld because it would cause harm now.</summary>
    [Description("The revert is withheld because it would cause harm now.")]
    public const string Withheld = "setting.withheld";

    /// <summary>The kernel rejected the value, or it could not be read back.</summary>
    [Description("The kernel rejected the value, or it could not be read back.")]
    public const string WriteFailed = "setting.write_failed";

    /// <summary>The previous value could not be restored.</summary>
    [Description("The previous value could not be restored.")]
    public const string RevertFailed = "setting.revert_failed";

    /// <summary>The change is no longer open.</summary>
    [Description("The change is no longer open.")]
    public const string NotOpen = "setting.not_open";

    /// <summary>The node does not know the change.</summary>
    [Description("The node does not know the change.")]
    public const string UnknownChange = "setting.unknown_change";

    /// <summary>kube-proxy has not been queried since the collector started, and the revert depends on it.</summary>
    [Description("kube-proxy has not been queried since the collector started, and the revert depends on it.")]
    public const string ProxyUnknown = "setting.proxy_unknown";

    /// <summary>Another setting change is running on the node.</summary>
    [Description("Another setting change is running on the node.")]
    public const string Busy = "setting.busy";
}
