namespace ConntrackConsole.Identity;

/// <summary>What somebody is to this console. One role a link.</summary>
public enum Role
{
    /// <summary>Sees everything, changes nothing.</summary>
    Viewer,
    /// <summary>Asks for actions and confirms those that need no second person.</summary>
    Operator,
    /// <summary>An operator who may also approve what another one asked for.</summary>
    Approver,
    /// <summary>An approver who may also end other people's actions and sessions.</summary>
    Admin,
    /// <summary>An operator who may act without a second person, loudly.</summary>
    BreakGlass,
}

/// <summary>What a role allows.</summary>
internal static class Rights
{
    public static bool MayAct(this Role role) => role is not Role.Viewer;

    public static bool MayApprove(this Role role) => role is Role.Approver or Role.Admin;

    public static bool MayBreakGlass(this Role role) => role is Role.BreakGlass;

    public static bool MayAdminister(this Role role) => role is Role.Admin;

    /// <summary>As it stands in the configuration and in the audit log.</summary>
    public static string Name(this Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Operator => "operator",
        Role.Approver => "approver",
        Role.Admin => "admin",
        _ => "break-glass",
    };

    /// <param name="name">As <see cref="Name"/> gives it.</param>
    public static Role Parse(string name) => Enum.GetValues<Role>().First(role => role.Name() == name);
}
