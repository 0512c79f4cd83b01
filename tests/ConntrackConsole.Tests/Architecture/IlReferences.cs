using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace ConntrackConsole.Tests.Architecture;

/// <summary>
/// Which namespaces the compiled types of an assembly refer to: base types, interfaces, attributes, fields, signatures, locals, and every
/// token in a method's body (calls, delegates, casts, static fields, typeof). Constants are not in the IL; see <see cref="ConstantReferences"/>.
/// </summary>
internal static class IlReferences
{
    private static readonly OpCode[] OneByte = new OpCode[256], TwoBytes = new OpCode[256];

    static IlReferences()
    {
        foreach (var field in typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var code = (OpCode)field.GetValue(null)!;
            (code.Size == 1 ? OneByte : TwoBytes)[code.Value & 0xFF] = code;
        }
    }

    /// <returns>(namespace of the type, its full name, namespace it refers to, the referenced type's full name), without repeats.</returns>
    public static IReadOnlySet<(string From, string Type, string To, string Referenced)> Of(string assemblyPath)
    {
        using var file = new PEReader(File.OpenRead(assemblyPath));
        var reader = file.GetMetadataReader();
        var found = new HashSet<(string, string, string, string)>();
        foreach (var handle in reader.TypeDefinitions)
        {
            var names = new Names(reader);
            var type = reader.GetTypeDefinition(handle);
            Collect(file, reader, type, names);
            var (from, name) = names.Outermost(handle);
            foreach (var (ns, referenced) in names.Found)
                found.Add((from, name, ns, referenced));
        }

        return found;
    }

    private static void Collect(PEReader file, MetadataReader reader, TypeDefinition type, Names names)
    {
        names.Add(type.BaseType);
        foreach (var handle in type.GetInterfaceImplementations())
            names.Add(reader.GetInterfaceImplementation(handle).Interface);
        foreach (var handle in type.GetGenericParameters())
        {
            foreach (var constraint in reader.GetGenericParameter(handle).GetConstraints())
                names.Add(reader.GetGenericParameterConstraint(constraint).Type);
        }

        foreach (var handle in type.GetCustomAttributes())
            names.Add(reader.GetCustomAttribute(handle).Constructor);
        foreach (var handle in type.GetFields())
            reader.GetFieldDefinition(handle).DecodeSignature(names, null);
        foreach (var handle in type.GetMethods())
        {
            var method = reader.GetMethodDefinition(handle);
            method.DecodeSignature(names, null);
            if (method.RelativeVirtualAddress == 0)
                continue;
            var body = file.GetMethodBody(method.RelativeVirtualAddress);
            if (!body.LocalSignature.IsNil)
                reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(names, null);
            foreach (var region in body.ExceptionRegions)
                names.Add(region.CatchType);
            Tokens(body.GetILReader(), names);
        }
    }

    private static void Tokens(BlobReader il, Names names)
    {
        while (il.RemainingBytes > 0)
        {
            int first = il.ReadByte();
            var code = first == 0xFE ? TwoBytes[il.ReadByte()] : OneByte[first];
            switch (code.OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    names.Add(MetadataTokens.EntityHandle(il.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    int targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                default:
                    il.Offset += Size(code.OperandType);
                    break;
            }
        }
    }

    private static int Size(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    /// <summary>Turns handles into the namespaces of the outermost types they mean; a decoder of signatures that only records.</summary>
    private sealed class Names(MetadataReader reader) : ISignatureTypeProvider<object?, object?>
    {
        public HashSet<(string Namespace, string Name)> Found { get; } = [];

        public (string Namespace, string Name) Outermost(TypeDefinitionHandle handle)
        {
            var type = reader.GetTypeDefinition(handle);
            while (!type.GetDeclaringType().IsNil)
                type = reader.GetTypeDefinition(type.GetDeclaringType());
            return (reader.GetString(type.Namespace), reader.GetString(type.Name));
        }

        public void Add(EntityHandle handle)
        {
            if (handle.IsNil)
                return;
            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    Found.Add(Outermost((TypeDefinitionHandle)handle));
                    break;
                case HandleKind.TypeReference:
                    AddReference((TypeReferenceHandle)handle);
                    break;
                case HandleKind.TypeSpecification:
                    reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.MethodDefinition:
                    Add(reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.FieldDefinition:
                    Add(reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.MemberReference:
                    var member = reader.GetMemberReference((MemberReferenceHandle)handle);
                    Add(member.Parent);
                    if (member.GetKind() == MemberReferenceKind.Method)
                        member.DecodeMethodSignature(this, null);
                    else
                        member.DecodeFieldSignature(this, null);
                    break;
                case HandleKind.MethodSpecification:
                    var generic = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Add(generic.Method);
                    generic.DecodeSignature(this, null);
                    break;
            }
        }

        private void AddReference(TypeReferenceHandle handle)
        {
            var type = reader.GetTypeReference(handle);
            while (type.ResolutionScope.Kind == HandleKind.TypeReference)
                type = reader.GetTypeReference((TypeReferenceHandle)type.ResolutionScope);
            Found.Add((reader.GetString(type.Namespace), reader.GetString(type.Name)));
        }

        public object? GetTypeFromDefinition(MetadataReader metadata, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            Add(handle);
            return null;
        }

        public object? GetTypeFromReference(MetadataReader metadata, TypeReferenceHandle handle, byte rawTypeKind)
        {
            Add(handle);
            return null;
        }

        public object? GetTypeFromSpecification(MetadataReader metadata, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind)
        {
            Add(handle);
            return null;
        }

        public object? GetArrayType(object? elementType, ArrayShape shape) => null;

        public object? GetByReferenceType(object? elementType) => null;

        public object? GetFunctionPointerType(MethodSignature<object?> signature) => null;

        public object? GetGenericInstantiation(object? genericType, ImmutableArray<object?> typeArguments) => null;

        public object? GetGenericMethodParameter(object? genericContext, int index) => null;

        public object? GetGenericTypeParameter(object? genericContext, int index) => null;

        public object? GetModifiedType(object? modifier, object? unmodifiedType, bool isRequired) => null;

        public object? GetPinnedType(object? elementType) => null;

        public object? GetPointerType(object? elementType) => null;

        public object? GetPrimitiveType(PrimitiveTypeCode typeCode) => null;

        public object? GetSZArrayType(object? elementType) => null;
    }
}
