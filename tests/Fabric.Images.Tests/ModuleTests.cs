using System.Text;
using Fabric.Images.Build;

namespace Fabric.Images.Tests;

public class ModuleTests
{
    private const string Source = """
        static int counter;
        int shared(int x);
        int table[4];
        static int work(int x) { for (int i = 0; i < x; i++) { counter += table[i & 3]; if (counter > 100) counter = shared(counter); } return counter; }
        int init_module(void) { return work(7) + work(9); }
        __attribute__((section(".modinfo"), used)) static const char info[] = "license=GPL\0depends=net-failover,crc16\0alias=net-pf-42\0alias=rtnl-link-x";
        """;

    [Fact]
    public void Modules_are_loaded_after_what_they_need()
    {
        ModuleSet set = new([Module("fs/ext4/ext4", "jbd2", "mbcache"), Module("fs/jbd2/jbd2", "builtin_one"), Module("fs/mbcache"), Module("net/net-failover", "failover"), Module("net/failover")]);
        Assert.Equal(["jbd2", "mbcache", "ext4", "failover", "net_failover"], set.InOrder(["ext4", "net-failover", "jbd2"]).Select(m => m.Name));
        FileTree tree = new();
        set.AddTo(tree, "lib/modules/1", ["ext4", "net_failover"]);
        string table = Encoding.UTF8.GetString(tree.Find("lib/modules/1/modules.dep")!.Content!);
        Assert.Contains("kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko\n", table, StringComparison.Ordinal);
        Assert.Contains("kernel/fs/mbcache.ko:\n", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Modules_that_need_each_other_do_not_hang_the_pull() =>
        Assert.Equal(2, new ModuleSet([Module("a", "b"), Module("b", "a")]).InOrder(["a"]).Count);

    [SkippableFact]
    public void A_trimmed_module_relocates_as_before_and_has_lost_its_labels_and_signature()
    {
        const string Gcc = "riscv64-linux-gnu-gcc";
        Skip.IfNot(Tool.IsThere(Gcc), "needs the package gcc-riscv64-linux-gnu");
        using TemporaryDirectory place = new();
        File.WriteAllText(place["m.c"], Source);
        Tool.Run(Gcc, $"-O1 -g -c -ffunction-sections {place["m.c"]} -o {place["m.ko"]}");
        byte[] packaged = [.. File.ReadAllBytes(place["m.ko"]), .. "signature~Module signature appended~\n"u8];
        KernelModule module = KernelModule.Read("kernel/m.ko", packaged);
        File.WriteAllBytes(place["trimmed.ko"], module.Content);

        Assert.Equal(["net_failover", "crc16"], module.Depends);
        Assert.Equal(["net-pf-42", "rtnl-link-x"], module.Aliases);
        string Judge(string tool, string file) => Tool.Run($"riscv64-linux-gnu-{tool}", $"{place[file]}");
        // Offset, type, symbol's value, name and addend of each relocation; the symbol's number in between may change.
        string Relocations(string file) => string.Join('\n', Judge("readelf -rW", file).Split('\n').Where(l => l.Contains("R_RISCV", StringComparison.Ordinal))
            .Select(l => l[..16] + l[32..]).Select(l => l.TrimEnd()));
        Assert.NotEmpty(Relocations("m.ko"));
        Assert.Equal(Relocations("m.ko"), Relocations("trimmed.ko"));
        Assert.Equal(Judge("objdump -s -j .text.init_module -j .modinfo", "m.ko").Split('\n')[3..], Judge("objdump -s -j .text.init_module -j .modinfo", "trimmed.ko").Split('\n')[3..]);
        Assert.DoesNotContain("$x", Judge("readelf -sW", "trimmed.ko"), StringComparison.Ordinal);
        Assert.Contains("init_module", Judge("nm -g", "trimmed.ko"), StringComparison.Ordinal);
        Assert.DoesNotContain("signature", Encoding.ASCII.GetString(module.Content), StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_module_are_refused()
    {
        byte[] header = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, .. new byte[8], 1, 0, .. new byte[46]];
        Random random = new(1);
        foreach (byte[] bytes in new byte[][] { [], [1, 2, 3], header[..20], new byte[64] })
            Assert.Throws<ImageException>(() => KernelModule.Read("x.ko", bytes));
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = [.. header, .. new byte[512]];
            random.NextBytes(bytes.AsSpan(64));
            bytes[40] = 64;
            bytes[60] = (byte)random.Next(1, 8);
            bytes[62] = (byte)random.Next(8);
            Assert.ThrowsAny<ImageException>(() => KernelModule.Read("x.ko", bytes));
        }
    }

    [Fact]
    public void Busyboxs_commands_are_read_up_to_the_end_of_their_order()
    {
        byte[] binary = Encoding.Latin1.GetBytes("\u007fELF junk [\0[[\0ash\0init\0mount\0zcat\0about\0");
        Assert.Equal(["[", "[[", "ash", "init", "mount", "zcat"], Busybox.Applets(binary));
        Assert.Throws<ImageException>(() => Busybox.Applets("nothing here"u8));
    }

    private static KernelModule Module(string path, params string[] depends) => new($"kernel/{path}.ko", [1], depends, []);
}
