using System.Formats.Tar;
using System.Text;
using Fabric.Images.Build;

namespace Fabric.Images.Tests;

public class ArchiveTests
{
    private static FileTree Sample()
    {
        FileTree tree = new();
        tree.AddFile("bin/tool", Encoding.ASCII.GetBytes("#!/bin/sh\necho odd length\n"), 0x1ED);
        tree.AddFile("etc/empty", []);
        tree.AddFile("etc/private", Encoding.ASCII.GetBytes("x"), 0x180);
        tree.AddLink("bin/link", "tool");
        tree.AddDirectory("tmp", 0x3FF);
        return tree;
    }

    [SkippableFact]
    public void Cpio_lists_and_unpacks_what_was_written()
    {
        Skip.IfNot(Tool.IsThere("cpio"), "needs the package cpio");
        using TemporaryDirectory place = new();
        using (FileStream file = File.Create(place["initrd"]))
            CpioWriter.Write(Sample(), file);
        Assert.Equal(0, new FileInfo(place["initrd"]).Length % 512);
        string[] names = Tool.Run("cpio", "-t --quiet", place["initrd"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["bin", "bin/link", "bin/tool", "etc", "etc/empty", "etc/private", "tmp", "dev/console"], names);
        string listing = Tool.Run("cpio", "-tv --quiet", place["initrd"]);
        Assert.Matches("crw-------.* 5, +1 .*dev/console", listing);
        Assert.Matches("drwxrwxrwt .* tmp\n", listing);
        Tool.Run("cpio", "-i -d --quiet bin/tool bin/link etc/private", place["initrd"], place.Path);
        Assert.Equal("odd length\n", Tool.Run(place["bin/link"], ""));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(place["etc/private"]));
    }

    [Fact]
    public async Task What_a_package_puts_into_lib_lies_behind_the_merged_links_and_nothing_leaves_the_root()
    {
        MemoryStream tar = new();
        await using (TarWriter writer = new(tar, TarEntryFormat.Gnu, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.SymbolicLink, "./lib") { LinkName = "usr/lib" });
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "./lib/x.so") { DataStream = new MemoryStream([1, 2]), Mode = (UnixFileMode)0x1ED });
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.HardLink, "./usr/bin/y") { LinkName = "./lib/x.so" });
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "./../../etc/passwd") { DataStream = new MemoryStream([3]) });
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "./usr/share/doc/z") { DataStream = new MemoryStream([3]) });
        }

        tar.Position = 0;
        FileTree tree = new();
        await tree.AddTarAsync(tar, path => !path.StartsWith("usr/share/doc", StringComparison.Ordinal), CancellationToken.None);
        Assert.Equal(["lib", "usr", "usr/bin", "usr/bin/y", "usr/lib", "usr/lib/x.so"], tree.Entries.Select(e => e.Key));
        Assert.Equal("usr/lib", tree.Find("lib")!.Target);
        Assert.Equal([1, 2], tree.Find("usr/bin/y")!.Content);
    }

    [SkippableFact]
    public async Task A_root_disk_is_sound_belongs_to_root_and_is_the_same_each_time()
    {
        Skip.If(HostTools.Find() is null, "needs the packages e2fsprogs and xz-utils");
        using TemporaryDirectory place = new();
        FileTree tree = Sample();
        tree.AddDirectory("dev");
        string[] images = [place["a.raw"], place["b.raw"]];
        foreach (string image in images)
            await Ext4Image.WriteAsync(tree, image, 64 << 20, Directory.CreateDirectory(image + ".work").FullName, HostTools.Find()!, CancellationToken.None);
        Tool.Run("e2fsck", $"-fn {images[0]}");
        Assert.Matches(@"Mode:\s+0600.*[\s\S]*User:\s+0\s+Group:\s+0\s", Tool.Run("debugfs", $"-R 'stat /etc/private' {images[0]}"));
        Assert.Matches(@"Type: character special[\s\S]*Device major/minor number: 05:01", Tool.Run("debugfs", $"-R 'stat /dev/console' {images[0]}"));
        Assert.Equal("#!/bin/sh\necho odd length\n", Tool.Run("debugfs", $"-R 'cat /bin/tool' {images[0]}"));
        Tool.Run("cmp", string.Join(' ', images));
    }

    [SkippableFact]
    public async Task Tools_that_the_machine_lacks_are_fetched_and_run()
    {
        using TemporaryDirectory place = new();
        HostTools tools;
        try
        {
            tools = await HostTools.FetchAsync(place["apt"], ImageRecipe.Catalogue[0], TimeProvider.System, CancellationToken.None);
        }
        catch (ImageException e)
        {
            Skip.If(true, $"the packages cannot be had here: {e.Message}");
            throw;
        }

        FileTree tree = Sample();
        tree.AddDirectory("dev");
        string image = place["fetched.raw"];
        await Ext4Image.WriteAsync(tree, image, 64 << 20, Directory.CreateDirectory(place["work"]).FullName, tools, CancellationToken.None);
        Assert.Equal(0x53, File.ReadAllBytes(image)[1024 + 56]); // s_magic of the superblock, low byte
        await File.WriteAllBytesAsync(place["x.xz"], Convert.FromBase64String("/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQACYWJjAAAndicaSgnYLAABGwMLL7kQH7bzfQEAAAAABFla"));
        Assert.Equal(0, (await tools.Xz.RunAsync(["-t", place["x.xz"]], null, CancellationToken.None)).Status);
    }
}
