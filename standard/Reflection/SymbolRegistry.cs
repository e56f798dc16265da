using Google.Protobuf.Reflection;

namespace Grpc.Reflection;

/// <summary>Finds the file that holds a symbol, among the files of some services and all that they import. Made once.</summary>
public sealed class SymbolRegistry
{
    private readonly Dictionary<string, FileDescriptor> _filesByName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _filesBySymbol = new(StringComparer.Ordinal);

    private SymbolRegistry()
    {
    }

    /// <summary>A registry of files and everything that they import.</summary>
    public static SymbolRegistry FromFiles(IEnumerable<FileDescriptor> fileDescriptors)
    {
        ArgumentNullException.ThrowIfNull(fileDescriptors);
        var registry = new SymbolRegistry();
        foreach (var file in fileDescriptors)
        {
            registry.Add(file);
        }

        return registry;
    }

    /// <summary>The file of this name; null if there is none.</summary>
    public FileDescriptor? FileByName(string filename) => _filesByName.GetValueOrDefault(filename);

    /// <summary>The file that defines a service, method, message, enum or field; null if none does.</summary>
    public FileDescriptor? FileContainingSymbol(string symbol) => _filesBySymbol.GetValueOrDefault(symbol);

    private void Add(FileDescriptor file)
    {
        if (!_filesByName.TryAdd(file.Name, file))
        {
            return;
        }

        foreach (var import in file.Dependencies)
        {
            Add(import);
        }

        foreach (var service in file.Services)
        {
            _filesBySymbol[service.FullName] = file;
            AddAll(service.Methods, file);
        }

        AddEnums(file.EnumTypes, file);
        AddMessages(file.MessageTypes, file);
    }

    private void AddMessages(IEnumerable<MessageDescriptor> messages, FileDescriptor file)
    {
        foreach (var message in messages)
        {
            _filesBySymbol[message.FullName] = file;
            AddAll(message.Fields.InDeclarationOrder(), file);
            AddEnums(message.EnumTypes, file);
            AddMessages(message.NestedTypes, file);
        }
    }

    private void AddEnums(IEnumerable<EnumDescriptor> enums, FileDescriptor file)
    {
        foreach (var found in enums)
        {
            _filesBySymbol[found.FullName] = file;

            // As in C++, the values of an enum are named beside it, not within it.
            var scope = found.FullName[..^found.Name.Length];
            foreach (var value in found.Values)
            {
                _filesBySymbol[scope + value.Name] = file;
            }
        }
    }

    private void AddAll(IEnumerable<IDescriptor> descriptors, FileDescriptor file)
    {
        foreach (var descriptor in descriptors)
        {
            _filesBySymbol[descriptor.FullName] = file;
        }
    }
}
