using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>Asks, before anything starts, whether the host has the memory that the machines were promised.</summary>
internal static class HostMemory
{
    private const string CgroupLimit = "/sys/fs/cgroup/memory.max";
    private const string CgroupUse = "/sys/fs/cgroup/memory.current";

    /// <exception cref="DaemonException">It has not.</exception>
    public static void Check(TopologyModel model)
    {
        long wanted = model.Vms.Values.Sum(vm => vm.MemoryBytes);
        if (Available() is long available && wanted > available)
        {
            throw new DaemonException(
                $"too little memory: the {model.Vms.Count} VMs of {model.Name} want {ByteSize.Format(wanted)}, this machine has {ByteSize.Format(available)} available; lower memory: in {model.SourcePath}");
        }
    }

    private static long? Available()
    {
        long? host = ReadMemAvailable(File.ReadLines("/proc/meminfo"));
        long? container = ReadNumber(CgroupLimit) is long limit && ReadNumber(CgroupUse) is long used ? Math.Max(0, limit - used) : null;
        return host is null ? container : container is null ? host : Math.Min(host.Value, container.Value);
    }

    /// <summary>Reads <c>MemAvailable:  23247000 kB</c> (proc(5)).</summary>
    internal static long? ReadMemAvailable(IEnumerable<string> lines)
    {
        const string Key = "MemAvailable:";
        string? line = lines.FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal));
        return line is not null && long.TryParse(line.AsSpan(Key.Length).Trim().TrimEnd("kB").Trim(), out long kibibytes) ? kibibytes << 10 : null;
    }

    private static long? ReadNumber(string path)
    {
        try
        {
            // "max" means no limit, and is no number.
            return long.TryParse(File.ReadAllText(path).AsSpan().Trim(), out long value) ? value : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
