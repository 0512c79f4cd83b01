namespace ConntrackConsole.Configuration.Keys;

/// <summary>Marks an options class with the configuration section that it is bound from.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ConfigurationSectionAttribute(string name) : Attribute
{
    /// <summary>Empty: the keys are at the root of the configuration.</summary>
    public string Name { get; } = name;
}

/// <summary>
/// Marks a property of an options class as a configuration key. Help text, docs/configuration.md and the detection of unknown keys are made
/// from these attributes, the property's type, <see cref="System.ComponentModel.DataAnnotations.RangeAttribute"/> and
/// <see cref="System.ComponentModel.DataAnnotations.AllowedValuesAttribute"/>; the default is the value that a new instance has.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ConfigurationKeyAttribute(string description) : Attribute
{
    public string Description { get; } = description;

    /// <summary>What applies if the key is not set, for properties that are null in a new instance.</summary>
    public string? WhenUnset { get; init; }

    /// <summary>The full key if it is not section and property name.</summary>
    public string? FullKey { get; init; }
}
