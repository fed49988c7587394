using System.Net.NetworkInformation;

namespace Fabric.Vmm.Tests;

public class MachineOptionsTests
{
    private static readonly MachineOptions Good = new() { Name = "m", MemoryBytes = 64 << 20, Kernel = Environment.ProcessPath };

    public static TheoryData<MachineOptions, string> Bad() => new()
    {
        { Good with { Harts = 0 }, "1 to 8" },
        { Good with { Harts = 9 }, "1 to 8" },
        { Good with { MemoryBytes = 0 }, "multiple of 2 MiB" },
        { Good with { MemoryBytes = (64 << 20) + 4096 }, "multiple of 2 MiB" },
        { Good with { MemoryBytes = long.MaxValue }, "up to 1 TiB" },
        { Good with { Kernel = null }, "nothing to boot" },
        { Good with { Kernel = "/no/such/kernel" }, "kernel /no/such/kernel does not exist" },
        { Good with { Initrd = "/no/such/initrd" }, "initrd /no/such/initrd does not exist" },
        { Good with { Firmware = "/no/such/firmware" }, "firmware /no/such/firmware does not exist" },
        { Good with { Cmdline = new string('x', 5000) }, "command line" },
        { Good with { Nics = [new MachineNic("m.0", PhysicalAddress.Parse("01-00-00-00-00-01"))] }, "unicast" },
        { Good with { Nics = [new MachineNic("m.0", PhysicalAddress.Parse("020000000001"), 10)] }, "MTU" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Options_that_make_no_sense_are_refused_with_one_line(MachineOptions options, string part)
    {
        MachineException fault = Assert.Throws<MachineException>(() => new Machine(options));
        Assert.StartsWith("machine 'm': ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }
}
