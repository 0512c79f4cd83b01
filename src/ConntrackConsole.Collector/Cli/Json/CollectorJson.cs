using System.Text.Json.Serialization;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Collector.Cli.Json;

/// <summary>Source-generated JSON of the command line's output.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(GroupJson[]))]
[JsonSerializable(typeof(FlowEntry[]))]
[JsonSerializable(typeof(FrameJson))]
[JsonSerializable(typeof(ResetJson))]
[JsonSerializable(typeof(Capability[]))]
[JsonSerializable(typeof(FlushJson))]
[JsonSerializable(typeof(ExplainJson))]
[JsonSerializable(typeof(SettingJson))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class CollectorJson : JsonSerializerContext;
