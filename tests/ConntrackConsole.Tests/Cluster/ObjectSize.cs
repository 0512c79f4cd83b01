using System.Reflection;
using System.Runtime.CompilerServices;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>The size of an object graph in bytes, counted object by object: identical on every machine and under any load.</summary>
internal static class ObjectSize
{
    private const int Header = 16;

    public static long Of(object root)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance) { root };
        var open = new Stack<object>(seen);
        long bytes = 0;
        while (open.TryPop(out object? next))
        {
            bytes += Size(next);
            foreach (object held in Held(next))
            {
                if (seen.Add(held))
                    open.Push(held);
            }
        }

        return bytes;
    }

    private static long Size(object value) => value switch
    {
        string text => 22 + (2 * text.Length),
        Array array => Header + 8 + ((long)array.Length * SizeOf(array.GetType().GetElementType()!)),
        _ => Header + Fields(value.GetType()).Sum(f => SizeOf(f.FieldType)),
    };

    private static int SizeOf(Type type) => type.IsValueType
        ? (int)typeof(ObjectSize).GetMethod(nameof(SizeOfValue), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, null)!
        : 8;

    private static int SizeOfValue<T>() => Unsafe.SizeOf<T>();

    private static IEnumerable<object> Held(object value)
    {
        if (value is string or Pointer or Delegate or Type)
            return [];
        if (value is Array array)
            return array.GetType().GetElementType() is { IsPrimitive: true } ? [] : array.Cast<object?>().SelectMany(Inside);
        return Fields(value.GetType()).SelectMany(f => Inside(f.GetValue(value)));
    }

    private static IEnumerable<object> Inside(object? value) => value switch
    {
        null => [],
        _ when value.GetType() is { IsPrimitive: true } or { IsEnum: true } => [],
        // The fields of a struct are part of the containing object.
        ValueType => Fields(value.GetType()).SelectMany(f => Inside(f.GetValue(value))),
        _ => [value],
    };

    private static IEnumerable<FieldInfo> Fields(Type? type)
    {
        for (; type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                yield return field;
        }
    }
}
