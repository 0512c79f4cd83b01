using ConntrackConsole.Checks.Model;
using ConntrackConsole.Checks.Node;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Components.Controls.Checks;

/// <summary>The setting that fixes a check, if the console can change it.</summary>
/// <param name="Value">The value that fixes the check; null where the user has to choose.</param>
internal sealed record CheckSetting(string Key, string? Value)
{
    public static CheckSetting? Of(CheckResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (result is not { Subject.Kind: SubjectKind.Node, State: CheckState.Bad or CheckState.Warning })
            return null;
        // An unexpected 1 still protects, so 0 is not suggested.
        return result.Check == InvalidProtection.Name || (result.Check == BeLiberal.Name && result.Value == "0") ? new CheckSetting(SettingCatalog.BeLiberal, "1")
            : result.Check == TcpLoose.Name ? new CheckSetting("net.netfilter.nf_conntrack_tcp_loose", "1")
            : result.Check == TableUse.Name ? new CheckSetting(SettingCatalog.Max, null)
            : null;
    }
}
