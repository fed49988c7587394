using System.Diagnostics;
using System.Text.Json;

namespace Fabric.Disk.Tests;

/// <summary>Images damaged in seeded ways: the check says what qemu-img check says, and a repair leaves what qemu-img finds as good as after its own.</summary>
public sealed class Qcow2CheckTests
{
    [SkippableTheory]
    [InlineData("cluster_size=512")]
    [InlineData("cluster_size=4096,refcount_bits=1")]
    [InlineData("cluster_size=4096,refcount_bits=64,extended_l2=off")]
    [InlineData("cluster_size=65536,compat=0.10")]
    [InlineData("cluster_size=16384,extended_l2=on")]
    public void DamageIsFoundAndRepairedAsQemuDoes(string options)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        byte[] sound = MakeImage(folder, options);
        int rounds = Tools.Count(3);
        for (int round = 0; round < rounds; round++)
        {
            Random random = new(Tools.Seed + (round * 3571) + options.Length);
            byte[] damaged = sound.ToArray();
            for (int i = random.Next(1, 4); i > 0; i--)
                Qcow2Damage.Apply(damaged, random);
            try
            {
                Judge(folder, damaged);
            }
            catch (Exception) when (Environment.GetEnvironmentVariable("FABRIC_TEST_KEEP") is { } keep)
            {
                File.WriteAllBytes(keep, damaged);
                throw;
            }
        }
    }

    private static byte[] MakeImage(TemporaryFolder folder, string options)
    {
        string image = folder["sound.qcow2"];
        byte[] content = new byte[1 << 20];
        new Random(3).NextBytes(content.AsSpan(0, 300_000));
        content.AsSpan(400_000, 100_000).Fill(7);
        File.WriteAllBytes(folder["raw"], content);
        Tools.Expect(folder.Path, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", options, "raw", image);
        Tools.Expect(folder.Path, "qemu-io", "-c", "write -c -P 9 512k 64k", "-c", "write -z 600k 40k", "-c", "write -P 4 900k 10k", image);
        if (!options.Contains("refcount_bits=1", StringComparison.Ordinal))
        {
            Tools.Expect("/", "qemu-img", "snapshot", "-c", "one", image);
            Tools.Expect(folder.Path, "qemu-io", "-c", "write -P 5 0 100k", image);
        }

        return File.ReadAllBytes(image);
    }

    private static void Judge(TemporaryFolder folder, byte[] damaged)
    {
        string ours = folder["ours.qcow2"];
        string theirs = folder["theirs.qcow2"];
        File.WriteAllBytes(ours, damaged);
        File.WriteAllBytes(theirs, damaged);
        Verdict found = Qemu(theirs);
        Assert.Equal(found, Ours(ours, DiskRepair.None));
        foreach ((string name, DiskRepair repair) in new[] { ("leaks", DiskRepair.Leaks), ("all", DiskRepair.All) })
        {
            Verdict repaired = Qemu(theirs, "-r", name);
            // QEMU gives up on an image that it has marked corrupt while it was checking it; a second run goes on.
            if (repaired.Text.Contains("corruption events", StringComparison.Ordinal))
            {
                DiskImage.Check(ours, new DiskOpenOptions(), DiskRepair.All);
                Qemu(theirs, "-r", "all");
                Qemu(theirs, "-r", "all");
                Verdict left = Qemu(theirs);
                Verdict here = Qemu(ours);
                Assert.True(left.Errors < 0 || (here.Errors == 0 && here.Corruptions <= left.Corruptions && here.Leaks <= left.Leaks), $"{left} {here}");
                return;
            }

            Verdict made = Ours(ours, repair);
            // Where QEMU meets a fault in the host while it repairs, there is nothing to hold ours against.
            if (repaired.Errors < 0 && repair == DiskRepair.All)
                return;
            Assert.Equal(repaired, made);
            Assert.Equal(Qemu(theirs), Qemu(ours));
        }

        Assert.Equal(Content(folder, theirs), Content(folder, ours));
    }

    private static byte[] Content(TemporaryFolder folder, string image)
    {
        (int code, _) = Tools.Run(folder.Path, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, "content");
        return code == 0 ? File.ReadAllBytes(folder["content"]) : [];
    }

    private sealed record Verdict(long Corruptions, long Leaks, long Errors, long CorruptionsFixed, long LeaksFixed, long End, string Text)
    {
        public override string ToString() => $"{Corruptions} corruptions, {Leaks} leaks, {Errors} errors, fixed {CorruptionsFixed} and {LeaksFixed}, end {End}\n{Text}\n";

    }

    /// <summary>A badly broken image has more faults than a result holds messages.</summary>
    private static string Head(IEnumerable<string> lines) => string.Join('\n', lines.SelectMany(line => line.Split('\n')).Take(5000));

    private static Verdict Ours(string image, DiskRepair repair)
    {
        DiskCheckResult first;
        try
        {
            first = DiskImage.Check(image, new DiskOpenOptions(), repair);
        }
        catch (DiskException)
        {
            return new Verdict(-1, -1, -1, -1, -1, -1, "");
        }

        if (first.Failure is not null)
            return new Verdict(-1, -1, -1, -1, -1, -1, Head(first.Messages));
        IEnumerable<string> messages = first.Messages;
        DiskCheckResult last = first;
        if (first.CorruptionsFixed + first.LeaksFixed > 0)
        {
            last = DiskImage.Check(image, new DiskOpenOptions(), DiskRepair.None);
            messages = messages.Concat(last.Messages);
        }

        return new Verdict(last.Corruptions, last.Leaks, last.CheckErrors, first.CorruptionsFixed, first.LeaksFixed, last.ImageEnd ?? 0, Head(messages));
    }

    private static Verdict Qemu(string image, params string[] arguments)
    {
        ProcessStartInfo start = new("qemu-img", ["check", "--output=json", "-f", "qcow2", .. arguments, image]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string[] lines = [.. errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Replace("qemu-img: ERROR", "ERROR", StringComparison.Ordinal)).Where(line => !line.StartsWith("qemu-img: ", StringComparison.Ordinal))];
        if (output.Length == 0)
            return new Verdict(-1, -1, -1, -1, -1, -1, Head(lines));
        using JsonDocument json = JsonDocument.Parse(output);
        long Number(string name) => json.RootElement.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : 0;
        return new Verdict(Number("corruptions"), Number("leaks"), Number("check-errors"), Number("corruptions-fixed"), Number("leaks-fixed"), Number("image-end-offset"), Head(lines));
    }
}
